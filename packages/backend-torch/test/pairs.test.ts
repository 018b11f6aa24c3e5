import * as tf from '@tensorflow/tfjs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { registerTorch } from '../src/index.ts';
import { torchFolder } from './found.ts';

const value = (i: number) => Math.fround(Math.sin(i * i));

/** Gradient of a depthwise filter in float64, by its definition; zero padding. */
function byDefinition(
  [n, h, w, c]: readonly [number, number, number, number],
  [rows, columns]: readonly [number, number],
  [top, left]: readonly [number, number],
): number[] {
  const at = (b: number, y: number, x: number, k: number) => ((b * h + y) * w + x) * c + k;
  const outRows = h + 2 * top - rows + 1;
  const made = new Array<number>(rows * columns * c).fill(0);
  for (let i = 0; i < rows; i++)
    for (let j = 0; j < columns; j++)
      for (let b = 0; b < n; b++)
        for (let y = 0; y < outRows; y++)
          for (let x = 0; x < w; x++) {
            const [sy, sx] = [y + i - top, x + j - left];
            if (sy < 0 || sy >= h || sx < 0 || sx >= w) continue;
            for (let k = 0; k < c; k++) {
              const dy = value(((b * outRows + y) * w + x) * c + k + 1);
              made[(i * columns + j) * c + k]! += dy * value(at(b, sy, sx, k));
            }
          }
  return made;
}

const tensor = (shape: number[], first: number) =>
  tf.tensor(
    Float32Array.from({ length: tf.util.sizeFromShape(shape) }, (_, i) => value(i + first)),
    shape,
  );

const cases = [
  { x: [2, 6, 6, 8], filter: [5, 5], top: 2 },
  { x: [3, 4, 8, 24], filter: [5, 5], top: 2 },
  { x: [1, 2, 2, 16], filter: [5, 5], top: 2 },
  { x: [2, 5, 4, 8], filter: [3, 5], top: 1 },
  { x: [2, 6, 10, 8], filter: [1, 5], top: 0 },
  { x: [2, 9, 6, 8], filter: [7, 5], top: 3 },
  // Not from pairs: odd rows, odd channels.
  { x: [2, 6, 7, 8], filter: [5, 5], top: 2 },
  { x: [2, 6, 6, 5], filter: [5, 5], top: 2 },
] as const;

describe.skipIf(torchFolder === undefined)('gradients of filters of five columns', () => {
  beforeAll(async () => {
    await registerTorch({ path: torchFolder!, threads: 2 });
    await tf.setBackend('torch');
  });
  afterAll(async () => {
    await tf.setBackend('cpu');
  });

  test.each(cases)('$x under $filter is that of the definition', ({ x, filter, top }) => {
    const [n, h, w, c] = x;
    const dy = tensor([n, h + 2 * top - filter[0] + 1, w, c], 1);
    const found = tf.tidy(() => {
      const pad = [
        [0, 0],
        [top, top],
        [2, 2],
        [0, 0],
      ];
      const attrs = { strides: 1, dilations: 1, pad, filterShape: [...filter, c, 1] };
      const inputs = { x: tensor([...x], 0), dy };
      const made = tf
        .engine()
        .runKernel(
          'DepthwiseConv2dNativeBackpropFilter',
          inputs,
          attrs as unknown as tf.NamedAttrMap,
        );
      return [...(made as tf.Tensor).dataSync()];
    });
    const wanted = byDefinition(x, filter, [top, 2]);
    const scale = Math.max(...wanted.map(Math.abs));
    wanted.forEach((number, i) => {
      expect(Math.abs(found[i]! - number)).toBeLessThan(2e-6 * scale);
    });
  });
});
