import { rng, stream } from '@pleat/random';
import { describe, expect, it } from 'vitest';
import { type Clusters, createClusters } from '../src/clusters.ts';
import { portableDenseTree } from '../src/dense-tree.ts';
import { heldKarp } from '../src/held-karp.ts';
import { solve } from '../src/index.ts';
import type { SquareMatrix } from '../src/matrix.ts';
import { createPenalties } from '../src/penalties.ts';
import { createSpace } from '../src/space.ts';
import { fromDistance, randomCities } from './instances.ts';

/** Dense clusters far from each other: `groups` of `size` cities. */
function clustered(groups: number, size: number, seed: number) {
  const random = rng(stream(seed, 'test/clusters'));
  const centres = Array.from({ length: groups }, () => [random.uniform(), random.uniform()]);
  const points = Array.from({ length: groups * size }, (_, i) =>
    centres[i % groups]!.map((x) => 100 * x + random.uniform()),
  );
  return fromDistance(groups * size, (i, j) =>
    Math.hypot(points[i]![0]! - points[j]![0]!, points[i]![1]! - points[j]![1]!),
  );
}

/** The first step from penalties of 0, of length 1, along a slope. */
function stepOf(matrix: SquareMatrix, clusters: Clusters, slope: Int32Array) {
  const penalties = createPenalties(matrix);
  penalties.group(clusters);
  penalties.degree.set(slope.map((value) => value + 2));
  const norm = penalties.slope();
  penalties.move(1, 0);
  const direction = penalties.pi.slice();
  penalties.free();
  return { norm, direction };
}

describe('moving clusters as wholes', () => {
  it('measures a direction by what it has in common with the slope', () => {
    const n = 40;
    const matrix = randomCities(n, 1);
    const random = rng(stream(1, 'test/slope'));
    const tree = portableDenseTree(matrix)(new Float64Array(n));
    const clusters = createClusters(matrix, tree, new Float64Array(n).fill(1), 0.1);
    const slope = Int32Array.from({ length: n }, () => random.integer(5) - 1);
    // g' P g for a preconditioner P.
    const { norm, direction } = stepOf(matrix, clusters, slope);
    expect(direction.reduce((sum, x, i) => sum + x * slope[i]!, 0)).toBeCloseTo(norm, 9);
    expect(norm).toBeGreaterThan(slope.reduce((sum, x) => sum + x * x, 0));
  });

  it('adds the slope of each cluster, times the gap around it, to all its cities', () => {
    // Pairs 0 1 and 2 3 on a line, 1 apart within and 9 between; 4 is no part of the tree.
    const at = [0, 1, 10, 11, 20];
    const matrix = fromDistance(5, (i, j) => Math.abs(at[i]! - at[j]!));
    const tree = portableDenseTree(matrix)(new Float64Array(5));
    const clusters = createClusters(matrix, tree, Float64Array.of(1, 1, 1, 1, 1), 2);
    const { norm, direction } = stepOf(matrix, clusters, Int32Array.of(1, 2, -1, 0, -2));
    const move = (0.1 * (9 - 1)) / 2;
    const [left, right] = [1 + 2, -1 + 0];
    const expected = [1 + move * left, 2 + move * left, -1 + move * right, move * right, -2];
    for (const [i, value] of expected.entries()) expect(direction[i]).toBeCloseTo(value, 12);
    expect(norm).toBeCloseTo(1 + 4 + 1 + 4 + move * (left * left + right * right), 12);
  });

  it('settles in a few steps where dense clusters lie far apart', () => {
    for (const seed of [1, 2, 3]) {
      const matrix = clustered(25, 16, seed);
      const { length } = solve(matrix, { closed: true, kicks: 2000 });
      const space = createSpace(matrix, true);
      const ascent = (steps: number): number =>
        heldKarp(space, space.nearest(8), length, { steps, timeUsed: () => 0 }).bound;
      expect(ascent(200)).toBeGreaterThan(0.995 * ascent(2000));
    }
  });
});
