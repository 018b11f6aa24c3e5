import * as tf from '@tensorflow/tfjs';
import type { TorchBackend } from './backend.ts';
import { runOnCpu } from './fallback.ts';

/** A kernel's inputs by name; one of several tensors is a list under the names 0, 1, ... */
export type Inputs = Record<string, tf.TensorInfo>;
type Result = tf.TensorInfo | tf.TensorInfo[];
/** A kernel on libtorch; null where it leaves the case at hand to tfjs' cpu backend. */
export type Kernel = (torch: TorchBackend, inputs: Inputs, attrs: never) => Result | null;
export type KernelTable = Record<string, Kernel>;

/** Texts, complex numbers and tensors without elements are not for libtorch. */
function suits(torch: TorchBackend, inputs: Inputs): boolean {
  for (const key in inputs) {
    const info: unknown = inputs[key];
    if (typeof info !== 'object' || info === null || !('dataId' in info)) continue;
    const { dtype, shape } = info as tf.TensorInfo;
    if (!torch.isNative(dtype) || shape.includes(0)) return false;
  }
  return true;
}

/** Attributes that count steps or taps: with 0 or less of them tfjs' own kernels never end. */
const steps = ['strides', 'dilations', 'filterSize', 'blockShape', 'blockSize'] as const;
type Steps = Partial<Record<(typeof steps)[number], unknown>>;

function requireSteps(kernelName: string, attrs: Steps): void {
  // Its steps may go backwards.
  if (kernelName === 'StridedSlice') return;
  for (const name of steps) {
    const value = attrs[name];
    if (value === null || value === undefined) continue;
    const values: unknown[] = Array.isArray(value) ? value : [value];
    if (values.every((step) => Number.isInteger(step) && (step as number) >= 1)) continue;
    throw new Error(
      `${kernelName}: expected ${name} to be whole numbers from 1 on, got ${String(value)}.`,
    );
  }
}

const none = {};

/** Registers kernels for the backend; what they leave aside runs on tfjs' cpu backend. */
export function registerNative(backendName: string, table: KernelTable, any = false): void {
  for (const [kernelName, run] of Object.entries(table)) {
    const kernelFunc: tf.KernelFunc = ({ inputs, attrs, backend }) => {
      const torch = backend as TorchBackend;
      const given = attrs ?? none;
      requireSteps(kernelName, given);
      const named = inputs as unknown as Inputs;
      const done = any || suits(torch, named) ? torch.attempt(run, named, given as never) : null;
      return done ?? runOnCpu(kernelName, torch, named, attrs ?? {});
    };
    tf.registerKernel({ kernelName, backendName, kernelFunc });
  }
}

/** Registers kernels that only share data: they call nothing and have nothing to free, even when they throw. */
export function registerSharing(backendName: string, table: KernelTable): void {
  for (const [kernelName, run] of Object.entries(table)) {
    const kernelFunc: tf.KernelFunc = ({ inputs, attrs, backend }) => {
      const torch = backend as TorchBackend;
      const named = inputs as unknown as Inputs;
      return (
        run(torch, named, (attrs ?? none) as never) ??
        runOnCpu(kernelName, torch, named, attrs ?? {})
      );
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
