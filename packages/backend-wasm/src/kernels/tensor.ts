import * as tf from '@tensorflow/tfjs';
import { type Host, hostOf, type WasmBackend } from '../host.ts';

/** The arguments tfjs hands to a kernel, read as this package reads them. */
export interface Call {
  host: Host;
  inputs: Record<string, tf.TensorInfo>;
  attrs: Record<string, unknown>;
}

/** A kernel of this package; null sends the call to the stock kernel of that name. */
export type Body = (call: Call) => tf.TensorInfo | tf.TensorInfo[] | null;

/** Where a tensor's numbers lie. */
export function at(host: Host, tensor: tf.TensorInfo): number {
  return host.backend.dataIdMap.get(tensor.dataId).memoryOffset;
}

/** A new tensor, its numbers not yet written. */
export function make(
  host: Host,
  shape: readonly number[],
  dtype: tf.DataType = 'float32',
): tf.TensorInfo {
  return host.backend.makeOutput([...shape], dtype);
}

/** Frees a tensor that a kernel made for itself. */
export function drop(host: Host, tensor: tf.TensorInfo): void {
  host.backend.disposeData(tensor.dataId);
}

/** How many numbers a shape holds. */
export function sizeOf(shape: readonly number[]): number {
  return shape.reduce((product, length) => product * length, 1);
}

/** Calls another kernel of the wasm backend. */
export function call(
  host: Host,
  kernelName: string,
  inputs: Record<string, tf.TensorInfo>,
  attrs: object = {},
): tf.TensorInfo {
  const kernel = tf.getKernel(kernelName, 'wasm')!;
  const backend: tf.KernelBackend = host.backend;
  return kernel.kernelFunc({ inputs, attrs: attrs as tf.NamedAttrMap, backend }) as tf.TensorInfo;
}

/** The same numbers under another shape; shares the data, so each of the two is freed by itself. */
export function reshaped(host: Host, x: tf.TensorInfo, shape: readonly number[]): tf.TensorInfo {
  host.backend.incRef(x.dataId);
  return { dataId: x.dataId, shape: [...shape], dtype: x.dtype };
}

/** Registers a kernel; where the stock backend has one, it takes the calls that ours declines. */
export function register(kernelName: string, body: Body): void {
  const present = tf.getKernel(kernelName, 'wasm');
  const stock = present && stockOf.get(present.kernelFunc);
  const behind = stock ?? present?.kernelFunc;
  const kernelFunc: tf.KernelFunc = ({ inputs, attrs, backend }) => {
    const host = hostOf(backend as WasmBackend);
    const result = body({
      host,
      inputs: inputs as Call['inputs'],
      attrs: (attrs ?? {}) as Call['attrs'],
    });
    if (result) return result;
    if (behind) return behind({ inputs, attrs: attrs!, backend });
    const types = Object.values(inputs).map((input) => input?.dtype);
    throw new Error(
      `${kernelName}: expected float32 tensors in NHWC order on the wasm backend, got ${types.join(', ')}; cast or transpose them, or use another backend.`,
    );
  };
  if (behind) stockOf.set(kernelFunc, behind);
  if (present) tf.unregisterKernel(kernelName, 'wasm');
  const config: tf.KernelConfig = { kernelName, backendName: 'wasm', kernelFunc };
  if (present?.setupFunc) config.setupFunc = present.setupFunc;
  tf.registerKernel(config);
}

/** Registering twice must not stack our kernel on itself. */
const stockOf = new WeakMap<tf.KernelFunc, tf.KernelFunc>();

/** True when every tensor given is float32. */
export function allFloat(...tensors: (tf.TensorInfo | undefined)[]): boolean {
  return tensors.every((tensor) => tensor === undefined || tensor.dtype === 'float32');
}
