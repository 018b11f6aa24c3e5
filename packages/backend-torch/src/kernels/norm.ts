import * as tf from '@tensorflow/tfjs';
import type { NativeType } from '../dtype.ts';
import type { KernelTable } from '../kernel.ts';

const isFloat = ({ dtype }: { dtype: string }) => dtype === 'float32';

/** Values that tfjs' own cpu backend computes in doubles, one by one. */
function linear(start: number, stop: number, count: number): Float32Array {
  const step = (stop - start) / (count - 1);
  return Float32Array.from({ length: count }, (_, i) => (i === 0 ? start : start + i * step));
}

/** From start towards stop, each a step from the one before as the dtype holds it. */
function stepped(start: number, stop: number, step: number, dtype: 'float32' | 'int32') {
  const none = start === stop || (start < stop && step < 0) || (stop < start && step > 1);
  const length = none ? 0 : Math.abs(Math.ceil((stop - start) / step));
  const values = dtype === 'float32' ? new Float32Array(length) : new Int32Array(length);
  // tfjs turns a step of 1, the default, towards a stop below the start.
  const by = stop < start && step === 1 ? -1 : step;
  for (let i = 0; i < length; i++) values[i] = i === 0 ? start : values[i - 1]! + by;
  return values;
}

export const normKernels: KernelTable = {
  FusedBatchNorm: (torch, inputs, { varianceEpsilon }: { varianceEpsilon: number }) => {
    const { engine } = torch;
    const { x, scale, offset, mean, variance } = inputs;
    if (!Object.values(inputs).every((info) => info === undefined || isFloat(info))) return null;
    const spread = engine.subtract(
      torch.handle(variance!),
      engine.scalar(varianceEpsilon, 'float32'),
      -1,
    );
    const inverse = engine.op('aten::rsqrt', spread);
    const factor = scale ? engine.op('aten::mul.Tensor', inverse, torch.handle(scale)) : inverse;
    const centred = engine.subtract(torch.handle(x!), torch.handle(mean!), 1);
    const scaled = engine.op('aten::mul.Tensor', centred, factor);
    const made = offset ? engine.subtract(scaled, torch.handle(offset), -1) : scaled;
    return torch.output(made, x!.shape, 'float32');
  },
  Diag: (torch, { x }) => {
    const { engine } = torch;
    const size = tf.util.sizeFromShape(x!.shape);
    const made = engine.op('aten::diag_embed', engine.view(torch.handle(x!), [size]), 0, 0, 1);
    const shape = [...x!.shape, ...x!.shape];
    return torch.output(engine.view(engine.contiguous(made), shape), shape, x!.dtype);
  },
  FlipLeftRight: (torch, { image }) => {
    const made = torch.engine.op('aten::flip', torch.handle(image!), [2]);
    return torch.output(torch.engine.contiguous(made), image!.shape, image!.dtype);
  },
  SearchSorted: (torch, { sortedSequence, values }, { side }: { side: string }) => {
    if (sortedSequence!.dtype !== values!.dtype || values!.dtype === 'bool') return null;
    const [among, sought] = [torch.handle(sortedSequence!), torch.handle(values!)];
    const right = side === 'right';
    const made = torch.engine.op(
      'aten::searchsorted.Tensor',
      among,
      sought,
      true,
      right,
      null,
      null,
    );
    return torch.output(made, values!.shape, 'int32');
  },
  Range: (torch, _, attrs: { start: number; stop: number; step: number; dtype: NativeType }) => {
    const { start, stop, step, dtype } = attrs;
    if (dtype !== 'float32' && dtype !== 'int32') return null;
    const values = stepped(start, stop, step, dtype);
    return torch.make(values, [values.length], dtype);
  },
  LinSpace: (torch, _, attrs: { start: number; stop: number; num: number }) =>
    torch.make(linear(attrs.start, attrs.stop, attrs.num), [attrs.num], 'float32'),
};
