import * as tf from '@tensorflow/tfjs';
import { expect, test } from 'vitest';
import { proveProduct } from '../src/engines/prove.ts';

test('a right product passes, leaves no tensor and selects nothing', async () => {
  const { numTensors } = tf.engine().memory();
  const before = tf.engine().backendName;
  await proveProduct('cpu');
  expect(tf.engine().backendName).toBe(before);
  expect(tf.engine().memory().numTensors).toBe(numTensors);
});

test('a wrong product is found', async () => {
  await tf.setBackend('cpu');
  const Backend = tf.backend().constructor as new () => tf.KernelBackend;
  tf.registerBackend('wrong', () => new Backend());
  tf.copyRegisteredKernels('cpu', 'wrong');
  const multiply = tf.getKernel('BatchMatMul', 'cpu').kernelFunc;
  tf.unregisterKernel('BatchMatMul', 'wrong');
  tf.registerKernel({
    kernelName: 'BatchMatMul',
    backendName: 'wrong',
    kernelFunc: (call) => {
      const product = multiply(call) as tf.TensorInfo;
      const values = (call.backend as { readSync(id: object): Float32Array }).readSync(
        product.dataId,
      );
      values[100]! += 1;
      return product;
    },
  });
  await expect(proveProduct('wrong')).rejects.toThrow(
    /a product of matrices gives -?\d+ where -?\d+ is right/,
  );
  expect(tf.getBackend()).toBe('cpu');
  tf.removeBackend('wrong');
});

test('a backend that is not there is an error', async () => {
  await expect(proveProduct('absent')).rejects.toThrow();
});
