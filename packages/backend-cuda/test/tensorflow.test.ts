import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, test } from 'vitest';
import { locateTensorflow, registerTensorflow, TensorflowNotFoundError } from '../src/index.ts';

const found = locateTensorflow().some(({ problem }) => problem === null);

// Skips where no tfjs-node is: `pleat setup tensorflow` builds one.
describe.skipIf(!found)('tfjs-node, repaired', () => {
  beforeAll(async () => {
    tf.enableProdMode();
    await tf.setBackend('cpu');
  });

  test('is registered twice without harm, not selected, on the tfjs of this program', async () => {
    const first = await registerTensorflow({ threads: 2 });
    expect(first.tensorflow).toMatch(/^2\./);
    expect(await registerTensorflow()).toEqual(first);
    expect(tf.getBackend()).toBe('cpu');
    await tf.setBackend('tensorflow');
    expect(tf.matMul([[1, 2]], [[3], [4]]).dataSync()[0]).toBe(11);
  });

  test('a tensor keeps its values when the array it came from changes, also in a new backend', async () => {
    for (const _ of ['first', 'after a reset']) {
      const values = Float32Array.of(1, 2, 3);
      const tensor = tf.tensor(values);
      values[0] = 9;
      const sum = tf.add(tensor, 0);
      values[1] = 9;
      expect([...sum.dataSync()]).toEqual([1, 2, 3]);
      expect([...tensor.dataSync()]).toEqual([1, 2, 3]);
      tf.engine().reset();
      await tf.setBackend('tensorflow');
    }
  });

  test('whole numbers round to themselves, others to the nearest, without a leak', () => {
    const { numTensors } = tf.memory();
    tf.tidy(() => {
      expect([...tf.round(tf.tensor1d([-3, 0, 7], 'int32')).dataSync()]).toEqual([-3, 0, 7]);
      expect([...tf.round(tf.tensor1d([-3.2, 0.4, 6.8])).dataSync()].map((x) => x + 0)).toEqual([
        -3, 0, 7,
      ]);
    });
    expect(tf.memory().numTensors).toBe(numTensors);
  });

  test('the gradient of an image of one channel counts the windows that a pixel is in', async () => {
    await tf.setBackend('tensorflow');
    const filter = tf.ones([2, 2, 1, 1]) as tf.Tensor4D;
    const loss = (x: tf.Tensor) => tf.sum(tf.conv2d(x as tf.Tensor4D, filter, 1, 'valid'));
    const found = tf.tidy(() =>
      tf
        .grad(loss)(tf.ones([1, 3, 3, 1]))
        .dataSync(),
    );
    filter.dispose();
    expect([...found]).toEqual([1, 2, 1, 2, 4, 2, 1, 2, 1]);
  });

  test('the gradient of a convolution is that of the cpu backend', async () => {
    const gradient = async (backend: string) => {
      await tf.setBackend(backend);
      return tf.tidy(() => {
        const x = tf.linspace(-1, 1, 2 * 6 * 6 * 3).reshape([2, 6, 6, 3]) as tf.Tensor4D;
        const filter = tf.linspace(1, -1, 3 * 3 * 3 * 4).reshape([3, 3, 3, 4]) as tf.Tensor4D;
        const loss = (w: tf.Tensor) => tf.sum(tf.square(tf.conv2d(x, w as tf.Tensor4D, 2, 'same')));
        return tf.grad(loss)(filter).dataSync();
      });
    };
    const [ours, theirs] = [await gradient('tensorflow'), await gradient('cpu')];
    const largest = Math.max(...theirs.map(Math.abs));
    for (const [i, value] of ours.entries()) {
      // Both are rounded to float32 on the way.
      expect(Math.abs(value - theirs[i]!) / largest).toBeLessThan(5e-6);
    }
  });
});

test.skipIf(found)('without tfjs-node the error says how to get one', async () => {
  await expect(registerTensorflow()).rejects.toThrow(TensorflowNotFoundError);
  await expect(registerTensorflow()).rejects.toThrow('npm install @tensorflow/tfjs-node');
});

test('threads out of range are refused', async () => {
  await expect(registerTensorflow({ threads: 0 })).rejects.toThrow(
    'registerTensorflow: expected threads to be a whole number from 1 to 1024, got 0',
  );
});
