import * as tf from '@tensorflow/tfjs';
import type { TorchBackend } from '../backend.ts';
import type { NativeType } from '../dtype.ts';
import type { KernelTable } from '../kernel.ts';
import { wrap } from './binary.ts';

function cast(torch: TorchBackend, x: tf.TensorInfo, dtype: NativeType): tf.TensorInfo {
  if (x.dtype === dtype) return torch.alias(x);
  const { engine } = torch;
  const from = torch.handle(x);
  const made =
    x.dtype === 'float32' && dtype === 'int32' ? wrap(engine, from) : engine.cast(from, dtype);
  return torch.output(made, x.shape, dtype);
}

function filled(torch: TorchBackend, shape: readonly number[], value: number, dtype: NativeType) {
  return torch.output(torch.engine.full(shape, value, dtype), shape, dtype);
}

const isNative = (dtype: string): dtype is NativeType =>
  dtype === 'float32' || dtype === 'int32' || dtype === 'bool';

/** A reshape that moves nothing. */
function reshaped(torch: TorchBackend, x: tf.TensorInfo, shape: number[]): tf.TensorInfo {
  const implied = tf.util.inferFromImplicitShape(shape, tf.util.sizeFromShape(x.shape));
  tf.util.assert(
    tf.util.sizeFromShape(implied) === tf.util.sizeFromShape(x.shape),
    () =>
      `The new shape (${implied}) and the old one (${x.shape}) must have the same number of elements.`,
  );
  return torch.alias(x, implied);
}

/** Kernels that only share data, for tensors of every kind. */
export const sharingKernels: KernelTable = {
  Identity: (torch, { x }) =>
    x!.dtype === 'complex64'
      ? torch.complex(torch.alias(torch.parts(x!).real), torch.alias(torch.parts(x!).imag))
      : torch.alias(x!),
  Reshape: (torch, { x }, { shape }: { shape: number[] }) =>
    x!.dtype === 'complex64' ? null : reshaped(torch, x!, shape),
  ExpandDims: (torch, { input }, { dim }: { dim: number }) => {
    if (input!.dtype === 'complex64') return null;
    const rank = input!.shape.length;
    tf.util.assert(
      -(rank + 1) <= dim && dim <= rank,
      () => `Axis must be in the interval [${-(rank + 1)}, ${rank}]`,
    );
    const shape = [...input!.shape];
    shape.splice(dim < 0 ? rank + dim + 1 : dim, 0, 1);
    return torch.alias(input!, shape);
  },
  Complex: (torch, { real, imag }) => {
    tf.util.assertShapesMatch(real!.shape, imag!.shape, 'Error in complex: real and imag: ');
    const float = real!.dtype === 'float32' && imag!.dtype === 'float32';
    tf.util.assert(
      float,
      () => `Error in complex: expected float32, found ${real!.dtype}, ${imag!.dtype}.`,
    );
    return torch.complex(torch.alias(real!), torch.alias(imag!));
  },
  Real: (torch, { input }) => torch.alias(torch.parts(input!).real, input!.shape),
  Imag: (torch, { input }) => torch.alias(torch.parts(input!).imag, input!.shape),
};

/** Kernels for tensors of every kind. */
export const anyKernels: KernelTable = {
  Fill: (torch, _, attrs: { shape: number[]; value: number | string; dtype?: string }) => {
    const { shape, value } = attrs;
    const dtype = attrs.dtype ?? (typeof value === 'string' ? 'string' : 'float32');
    if (typeof value === 'string' || !isNative(dtype)) return null;
    return filled(torch, shape, dtype === 'float32' ? value : Math.trunc(value), dtype);
  },
};

export const basicKernels: KernelTable = {
  Cast: (torch, { x }, { dtype }: { dtype: string }) =>
    isNative(dtype) ? cast(torch, x!, dtype) : null,
  ZerosLike: (torch, { x }) => filled(torch, x!.shape, 0, x!.dtype as NativeType),
  OnesLike: (torch, { x }) => filled(torch, x!.shape, 1, x!.dtype as NativeType),
  Select: (torch, { condition, t, e }) => {
    if (t!.dtype !== e!.dtype || condition!.dtype !== 'bool') return null;
    const { shape } = t!;
    const [rank, wanted] = [condition!.shape.length, shape.length];
    if (rank !== wanted && rank !== 1) return null;
    const choice =
      rank === wanted
        ? torch.handle(condition!)
        : torch.engine.view(torch.handle(condition!), [
            condition!.shape[0]!,
            ...new Array<number>(wanted - 1).fill(1),
          ]);
    const made = torch.engine.op('aten::where.self', choice, torch.handle(t!), torch.handle(e!));
    return torch.output(made, shape, t!.dtype);
  },
};
