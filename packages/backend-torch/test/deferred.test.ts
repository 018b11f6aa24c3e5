import * as tf from '@tensorflow/tfjs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { profileTorch, registerTorch, type TorchMemory } from '../src/index.ts';
import { torchFolder } from './found.ts';

const bytes = () => (tf.memory() as unknown as TorchMemory).torchBytes;
const shape: [number, number, number, number] = [1, 2, 2, 1];

/** The gradient of a 1 x 1 convolution's input: dy times the filter. */
const gradient = (dy: tf.Tensor, filter: tf.Tensor) =>
  tf.engine().runKernel(
    'Conv2DBackpropInput',
    { dy, filter },
    {
      strides: 1,
      pad: 'valid',
      dataFormat: 'NHWC',
      inputShape: shape,
    },
  ) as tf.Tensor;

/** How often libtorch computes a convolution's gradient meanwhile. */
function counted(body: () => void): number {
  const { calls } = profileTorch(body);
  return calls.find(({ name }) => name === 'aten::convolution_backward')?.count ?? 0;
}

describe.skipIf(torchFolder === undefined)("the gradient of a convolution's input", () => {
  let dy: tf.Tensor;
  let filter: tf.Variable;
  beforeAll(async () => {
    await registerTorch({ path: torchFolder!, threads: 1 });
    await tf.setBackend('torch');
    dy = tf.tensor([1, 2, 3, 4], shape);
    filter = tf.variable(tf.tensor([5], [1, 1, 1, 1]));
  });
  afterAll(async () => {
    tf.dispose([dy, filter]);
    await tf.setBackend('cpu');
  });

  test('is not computed unless somebody asks for it', () => {
    const before = bytes();
    const { numTensors } = tf.memory();
    expect(counted(() => gradient(dy, filter).dispose())).toBe(0);
    expect(bytes()).toBe(before);
    expect(tf.memory().numTensors).toBe(numTensors);
  });

  test('is computed once, when its values or those of a tensor that shares them are read', async () => {
    const made = gradient(dy, filter);
    const same = made.reshape([4]);
    expect(counted(() => expect([...same.dataSync()]).toEqual([5, 10, 15, 20]))).toBe(1);
    expect(counted(() => expect([...made.dataSync()]).toEqual([5, 10, 15, 20]))).toBe(0);
    tf.dispose([made, same]);
    const late = gradient(dy, filter);
    expect([...(await late.data())]).toEqual([5, 10, 15, 20]);
    late.dispose();
  });

  test('is that of the values as they were, whatever becomes of them', () => {
    const before = bytes();
    const [d, f] = [dy.clone().mul(1), filter.clone().mul(1)];
    const made = gradient(d, f);
    tf.dispose([d, f]);
    expect([...made.dataSync()]).toEqual([5, 10, 15, 20]);
    made.dispose();
    expect(bytes()).toBe(before);
  });

  test('holds a variable that is updated in place meanwhile', () => {
    const before = bytes();
    const made = gradient(dy, filter);
    const target = tf.tensor([7], [1, 1, 1, 1]);
    const [changed] = tf.engine().runKernel(
      'PleatMoveTowards',
      // The list of values, then the list they move towards.
      { 0: filter, 1: target } as unknown as tf.NamedTensorMap,
      { count: 1, share: 1 },
    ) as tf.Tensor[];
    expect([...changed!.dataSync()]).toEqual([7]);
    expect([...made.dataSync()]).toEqual([5, 10, 15, 20]);
    tf.dispose([made, changed, target]);
    expect(bytes()).toBe(before);
  });

  test('is made of another such gradient', () => {
    const first = gradient(dy, filter);
    const second = gradient(first, filter);
    first.dispose();
    expect(counted(() => expect([...second.dataSync()]).toEqual([25, 50, 75, 100]))).toBe(1);
    second.dispose();
  });

  test('is not computed for the data a fused layer sees', () => {
    const layer = () =>
      tf.fused
        .conv2d({
          x: dy as tf.Tensor4D,
          filter: filter as unknown as tf.Tensor4D,
          strides: 1,
          pad: 'valid',
          activation: 'linear',
        })
        .sum() as tf.Scalar;
    const count = counted(() => {
      const { value, grads } = tf.variableGrads(layer, [filter]);
      expect([...Object.values(grads)[0]!.dataSync()]).toEqual([10]);
      tf.dispose([value, grads]);
    });
    expect(count).toBe(1);
  });
});
