import { convMixer } from '@pleat/models';
import { softmaxCrossEntropy } from '@pleat/ops';
import { adamw } from '@pleat/optim';
import { rng, stream } from '@pleat/random';
import * as tf from '@tensorflow/tfjs';
import { afterAll, describe, expect, test } from 'vitest';
import { registerTorch, type TorchOptions } from '../src/index.ts';
import { torchFolder } from './found.ts';

async function start(options: TorchOptions) {
  await tf.setBackend('cpu');
  const info = await registerTorch({ path: torchFolder!, threads: 2, ...options });
  await tf.setBackend('torch');
  return info;
}

const random = rng(stream(3, 'options'));
const numbers = (size: number) => Float32Array.from({ length: size }, () => random.normal());

/** Each result of a product and the sum of its terms' sizes, which bounds what rounding the terms can do. */
function product(a: Float32Array, b: Float32Array, n: number, k: number, m: number) {
  const [values, sizes] = [new Float64Array(n * m), new Float64Array(n * m)];
  for (let i = 0; i < n; i++)
    for (let j = 0; j < m; j++)
      for (let l = 0; l < k; l++) {
        const term = a[i * k + l]! * b[l * m + j]!;
        values[i * m + j]! += term;
        sizes[i * m + j]! += Math.abs(term);
      }
  return { values, sizes };
}

// bfloat16 has 8 bits: rounding is off by at most 2^-8. Both terms and the result are rounded; sums are float32.
const unit = 2 ** -8;
const bound = 3 * unit + 3 * unit ** 2 + unit ** 3 + 1e-5;

function expectRounded(
  found: ArrayLike<number>,
  exact: { values: Float64Array; sizes: Float64Array },
) {
  const shares = Array.from(found, (y, i) => Math.abs(y - exact.values[i]!) / exact.sizes[i]!);
  expect(shares.length).toBe(exact.values.length);
  expect(Math.max(...shares)).toBeLessThan(bound);
  // Nor is it float32 in disguise.
  expect(Math.max(...shares)).toBeGreaterThan(1e-4);
}

describe.skipIf(torchFolder === undefined)('options of the backend', () => {
  afterAll(async () => {
    await start({});
    await tf.setBackend('cpu');
  });

  test('in bfloat16 products stay within its rounding, and are float32', async () => {
    expect((await start({ precision: 'bfloat16' })).precision).toBe('bfloat16');
    const [a, b] = [numbers(12 * 40), numbers(40 * 9)];
    const y = tf.tidy(() => tf.matMul(tf.tensor(a, [12, 40]), tf.tensor(b, [40, 9])));
    expect(y.dtype).toBe('float32');
    expectRounded(y.dataSync(), product(a, b, 12, 40, 9));
    y.dispose();
  });

  test('in bfloat16 convolutions and their gradients stay within its rounding', async () => {
    await start({ precision: 'bfloat16' });
    // A window as large as the image makes the convolution, and each gradient, one product.
    const [n, k, m] = [6, 5 * 4 * 3, 7];
    const [x, w, dy] = [numbers(n * k), numbers(k * m), numbers(n * m)];
    const [image, filter] = [tf.tensor(x, [n, 5, 4, 3]), tf.tensor(w, [5, 4, 3, m])];
    const run = (a: tf.Tensor, b: tf.Tensor) =>
      tf.conv2d(a as tf.Tensor4D, b as tf.Tensor4D, 1, 'valid');
    expectRounded(
      tf.tidy(() => run(image, filter).dataSync()),
      product(x, w, n, k, m),
    );
    const gradients = tf.tidy(() =>
      tf
        .grads(run)([image, filter], tf.tensor(dy, [n, 1, 1, m]))
        .map((g) => g.dataSync()),
    );
    const turned = (values: Float32Array, rows: number, columns: number) =>
      Float32Array.from(values, (_, i) => values[(i % rows) * columns + Math.floor(i / rows)]!);
    expectRounded(gradients[0]!, product(dy, turned(w, k, m), n, m, k));
    expectRounded(gradients[1]!, product(turned(x, n, k), dy, k, n, m));
    tf.dispose([image, filter]);
  });

  test('a processor has no TF32 and says so', async () => {
    expect((await start({ precision: 'tf32' })).precision).toBe('float32');
    const [a, b] = [numbers(12 * 40), numbers(40 * 9)];
    const y = tf.tidy(() => tf.matMul(tf.tensor(a, [12, 40]), tf.tensor(b, [40, 9])).dataSync());
    const { values, sizes } = product(a, b, 12, 40, 9);
    expect(Math.max(...Array.from(y, (v, i) => Math.abs(v - values[i]!) / sizes[i]!))).toBeLessThan(
      1e-6,
    );
  });

  /** Three steps of a small network whose embedding scatters its gradient; all its weights. */
  function train(): number[] {
    return tf.tidy(() => {
      const model = convMixer({ inputShape: [8, 8, 3], classes: 10, dim: 16, depth: 2, seed: 1 });
      const table = tf.variable(tf.randomNormal([40, 192], 0, 1, 'float32', 2), true, 'table');
      const ids = tf.tensor1d(
        Int32Array.from({ length: 64 }, (_, i) => (i * 7) % 40),
        'int32',
      );
      const labels = tf.tensor1d(
        Int32Array.from({ length: 64 }, (_, i) => i % 10),
        'int32',
      );
      const optimizer = adamw({ learningRate: 1e-3 });
      for (let i = 0; i < 3; i++) {
        optimizer.minimize(() => {
          const x = tf.gather(table, ids).reshape([64, 8, 8, 3]);
          const y = model.apply(x, { training: true }) as tf.Tensor2D;
          return softmaxCrossEntropy(labels, y) as tf.Scalar;
        });
      }
      const weights = [table, ...model.getWeights()].flatMap((w) => Array.from(w.dataSync()));
      model.dispose();
      optimizer.dispose();
      table.dispose();
      return weights;
    });
  }

  test.each([true, 'prefer'] as const)('deterministic %s: the same bits each time', async (how) => {
    const runs: number[][] = [];
    for (let i = 0; i < 3; i++) {
      expect((await start({ deterministic: how })).deterministic).toBe(how);
      runs.push(train());
    }
    expect(runs[0]!.length).toBeGreaterThan(9_000);
    expect(runs[0]!.every((value, i) => Object.is(value, runs[1]![i]))).toBe(true);
    expect(runs[0]!.every((value, i) => Object.is(value, runs[2]![i]))).toBe(true);
  });

  test('are refused when they are none', async () => {
    await expect(registerTorch({ precision: 'half' as 'tf32' })).rejects.toThrow(
      /expected precision to be float32, tf32, bfloat16, got 'half'/,
    );
    await expect(registerTorch({ device: 'gpu' as 'cpu' })).rejects.toThrow(/expected device/);
    await expect(registerTorch({ deterministic: 'yes' as 'prefer' })).rejects.toThrow(
      /expected deterministic to be true, false or 'prefer', got "yes"/,
    );
    await expect(registerTorch({ threads: 0 })).rejects.toThrow(/whole number/);
  });

  test('threads are as many as asked for', async () => {
    expect((await start({ threads: 1 })).threads).toBe(1);
    expect((await start({ threads: 3 })).threads).toBe(3);
  });
});
