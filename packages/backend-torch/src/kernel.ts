import * as tf from '@tensorflow/tfjs';
import type { TorchBackend } from './backend.ts';
import { runOnCpu } from './fallback.ts';

/** A kernel's inputs by name; one of several tensors is a list under the names 0, 1, ... */
export type Inputs = Record<string, tf.TensorInfo>;
type Result = tf.TensorInfo | tf.TensorInfo[];
/** A kernel on libtorch; null where it leaves the case at hand to tfjs' cpu backend. */
export type Kernel = (torch: TorchBackend, inputs: Inputs, attrs: never) => Result | null;
export type KernelTable = Record<string, Kernel>;

const isInfo = (value: unknown): value is tf.TensorInfo =>
  typeof value === 'object' && value !== null && 'dataId' in value;

/** Texts, complex numbers and tensors without elements are not for libtorch. */
function suits(torch: TorchBackend, inputs: Inputs): boolean {
  return Object.values(inputs)
    .filter(isInfo)
    .every((info) => torch.isNative(info) && !info.shape.includes(0));
}

/** Attributes that count steps or taps: with 0 or less of them tfjs' own kernels never end. */
const steps = ['strides', 'dilations', 'filterSize', 'blockShape', 'blockSize'];

function requireSteps(kernelName: string, attrs: object): void {
  // Its steps may go backwards.
  if (kernelName === 'StridedSlice') return;
  for (const [name, value] of Object.entries(attrs)) {
    if (!steps.includes(name) || value === null || value === undefined) continue;
    const values: unknown[] = Array.isArray(value) ? value : [value];
    if (values.every((step) => Number.isInteger(step) && (step as number) >= 1)) continue;
    throw new Error(
      `${kernelName}: expected ${name} to be whole numbers from 1 on, got ${String(value)}.`,
    );
  }
}

/** Registers kernels for the backend; what they leave aside runs on tfjs' cpu backend. */
export function registerNative(backendName: string, table: KernelTable, any = false): void {
  for (const [kernelName, run] of Object.entries(table)) {
    const kernelFunc: tf.KernelFunc = ({ inputs, attrs, backend }) => {
      const torch = backend as TorchBackend;
      requireSteps(kernelName, attrs ?? {});
      const named = inputs as unknown as Inputs;
      const done =
        any || suits(torch, named)
          ? torch.attempt(() => run(torch, named, (attrs ?? {}) as never))
          : null;
      return done ?? runOnCpu(kernelName, torch, named, attrs ?? {});
    };
    tf.registerKernel({ kernelName, backendName, kernelFunc });
  }
}

/** Registers every kernel of tfjs' cpu backend that the backend has none for. */
export function registerRest(backendName: string): void {
  for (const { kernelName } of tf.getKernelsForBackend('cpu')) {
    if (tf.getKernel(kernelName, backendName)) continue;
    const kernelFunc: tf.KernelFunc = ({ inputs, attrs, backend }) =>
      runOnCpu(kernelName, backend as TorchBackend, inputs as unknown as Inputs, attrs ?? {});
    tf.registerKernel({ kernelName, backendName, kernelFunc });
  }
}
