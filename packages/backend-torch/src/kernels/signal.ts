import type * as tf from '@tensorflow/tfjs';
import type { TorchBackend } from '../backend.ts';
import type { Handle } from '../ffi/dispatch.ts';
import type { Kernel, KernelTable } from '../kernel.ts';

/** The parts of a complex tensor, under its own shape; null where it has no elements. */
function parts(torch: TorchBackend, info: tf.TensorInfo): [Handle, Handle] | null {
  if (info.shape.includes(0)) return null;
  const { real, imag } = torch.parts(info);
  return [real, imag].map((part) => torch.handle({ ...part, shape: info.shape })) as [
    Handle,
    Handle,
  ];
}

/** Fourier transform of the last dimension; libtorch's kinds of scaling: 0 none, 2 by the length. */
function transform(forward: boolean): Kernel {
  return (torch, { input }) => {
    const { engine } = torch;
    const { shape } = input!;
    const both = parts(torch, input!);
    if (both === null || shape.length === 0) return null;
    const last = shape.length - 1;
    const scaling = forward ? 0 : 2;
    const joined = engine.op('aten::complex', ...both);
    const made = engine.op('aten::_fft_c2c', joined, [last], scaling, forward);
    const pairs = engine.op('aten::view_as_real', made);
    const [real, imag] = [0, 1].map((i) =>
      torch.output(
        engine.op('aten::clone', engine.op('aten::select.int', pairs, last + 1, i), 0),
        shape,
        'float32',
      ),
    );
    return torch.complex(real!, imag!);
  };
}

export const signalKernels: KernelTable = {
  FFT: transform(true),
  IFFT: transform(false),
  ComplexAbs: (torch, { x }) => {
    const both = parts(torch, x!);
    return both && torch.output(torch.engine.op('aten::hypot', ...both), x!.shape, 'float32');
  },
};
