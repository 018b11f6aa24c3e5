import { describe, expect, test } from 'vitest';
import { basisMatrix, toDense, uniformPartition } from '../src/index.ts';
import { compiledInterpolator } from '../src/model/kernel.ts';
import {
  multiplyAxis,
  multiplyTwoAxes,
  portableInterpolator,
  runsOf,
} from '../src/model/multiply-axis.ts';

const waves = (count: number) =>
  Float32Array.from({ length: count }, (_, i) => Math.sin(12.9898 * (i + 1)));

const matrix = (count: number, size: number) =>
  basisMatrix(uniformPartition(size, 'cells'), count, { alignment: 'cells' });

/** Sums in float64, rounded once. */
function product(values: Float32Array, outer: number, shapes: [number, number][], at = 0) {
  const [[cols, rows], last] = [shapes[0]!, shapes[1]];
  const inner = values.length / outer / cols;
  const first = toDense(matrix(cols, rows));
  const second = last && toDense(matrix(last[0], last[1]));
  const length = last ? last[1] : inner;
  const out = new Float32Array(outer * rows * length);
  for (let o = 0; o < outer; o++) {
    for (let r = 0; r < rows; r++) {
      const sums = new Float64Array(inner);
      for (let c = 0; c < cols; c++) {
        for (let j = 0; j < inner; j++) {
          sums[j] = sums[j]! + first[r * cols + c]! * values[(o * cols + c) * inner + j]!;
        }
      }
      for (let q = 0; q < length; q++) {
        let sum = second ? 0 : sums[q]!;
        for (let c = 0; second && c < inner; c++) sum += second[q * inner + c]! * sums[c]!;
        out[at++] = sum;
      }
    }
  }
  return out;
}

describe.each([
  [1, 5, 3, 7, 4],
  [9, 16, 12, 16, 14],
  [2, 4, 9, 5, 3],
  [3, 33, 20, 31, 40],
])('%i pieces of %i to %i, by %i to %i', (outer, cols, rows, lastCols, lastRows) => {
  const [first, last] = [matrix(cols, rows), matrix(lastCols, lastRows)];
  const values = waves(outer * cols * lastCols);

  test('two axes, and one, are what plain sums give', () => {
    const close = (found: Float32Array, expected: Float32Array) => {
      expect(found.length).toBe(expected.length);
      found.forEach((value, i) => {
        expect(Math.abs(value - expected[i]!)).toBeLessThan(2 ** -22);
      });
    };
    const shapes: [number, number][] = [
      [cols, rows],
      [lastCols, lastRows],
    ];
    close(multiplyTwoAxes(values, outer, first, last), product(values, outer, shapes));
    close(multiplyAxis(values, outer, lastCols, first), product(values, outer, [shapes[0]!]));
    close(multiplyAxis(values, outer * cols, 1, last), product(values, outer * cols, [shapes[1]!]));
  });

  test('compiled and portable give the same bits', () => {
    const [own, then] = [runsOf(first)!, runsOf(last)!];
    for (const second of [then, null]) {
      const length = second ? lastRows : lastCols;
      const piece = values.subarray(0, cols * lastCols);
      const results = [
        compiledInterpolator(cols, lastCols, own, second)!,
        portableInterpolator(lastCols, own, second),
      ].map((interpolate) => {
        const out = new Float32Array(rows * length);
        interpolate(piece, out);
        return out;
      });
      expect(results[0]).toEqual(results[1]);
    }
  });
});
