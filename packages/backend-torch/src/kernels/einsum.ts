import * as tf from '@tensorflow/tfjs';
import type { Engine } from '../engine.ts';
import type { Handle } from '../ffi/dispatch.ts';
import type { Kernel, KernelTable } from '../kernel.ts';
import { sizeOf } from '../layout.ts';

/** A contiguous tensor, and which dimension of the equation each of its axes is. */
interface Operand {
  tensor: Handle;
  dims: readonly number[];
}

const equal = (a: readonly number[], b: readonly number[]) => a.every((dim, i) => dim === b[i]);

/** The axes in another order. */
function ordered(engine: Engine, { tensor, dims }: Operand, order: readonly number[]): Handle {
  if (equal(dims, order)) return tensor;
  const axes = order.map((dim) => dims.indexOf(dim));
  return engine.contiguous(engine.op('aten::permute', tensor, axes));
}

/** Sums over the dimensions that nobody needs any more. */
function summed(engine: Engine, { tensor, dims }: Operand, isNeeded: (dim: number) => boolean) {
  const axes = dims.flatMap((dim, axis) => (isNeeded(dim) ? [] : [axis]));
  if (axes.length === 0) return { tensor, dims };
  const sum = engine.op('aten::sum.dim_IntList', tensor, axes, false, null);
  return { tensor: engine.contiguous(sum), dims: dims.filter(isNeeded) };
}

/** Both as batches of matrices, and their product: its axes are [batch, rows, columns]. */
function product(
  engine: Engine,
  [a, b]: readonly [Operand, Operand],
  sizes: readonly number[],
  isKept: (dim: number) => boolean,
): Operand {
  const shared = a.dims.filter((dim) => b.dims.includes(dim));
  const [batch, inner] = [shared.filter(isKept), shared.filter((dim) => !isKept(dim))];
  const [rows, columns] = [a, b].map(({ dims }) => dims.filter((dim) => !shared.includes(dim))) as [
    number[],
    number[],
  ];
  const size = (dims: readonly number[]) => sizeOf(dims.map((dim) => sizes[dim]!));
  const matrices = (operand: Operand, first: readonly number[], second: readonly number[]) => {
    const view = (one: readonly number[], other: readonly number[]) => {
      const tensor = ordered(engine, operand, [...batch, ...one, ...other]);
      return engine.view(tensor, [size(batch), size(one), size(other)]);
    };
    // A product takes transposed matrices as well as it takes others: nothing is copied for them.
    const isTransposed = equal(operand.dims, [...batch, ...second, ...first]);
    if (!isTransposed) return view(first, second);
    return engine.op('aten::permute', view(second, first), [0, 2, 1]);
  };
  const [left, right] = [matrices(a, rows, inner), matrices(b, inner, columns)];
  const made = engine.op('aten::matmul', engine.compute(left), engine.compute(right));
  const dims = [...batch, ...rows, ...columns];
  const shape = dims.map((dim) => sizes[dim]!);
  return { tensor: engine.view(engine.contiguous(engine.computed(made)), shape), dims };
}

/**
 * As sums, permutations and one product. libtorch's own einsum is not called: its C ABI never frees the text of an equation
 * (torch 2.13).
 */
const einsum: Kernel = (torch, inputs, { equation }: { equation: string }) => {
  const { engine } = torch;
  const infos = Object.values(inputs) as tf.TensorInfo[];
  const { allDims, summedDims, idDims } = tf.backend_util.decodeEinsumEquation(
    equation,
    infos.length,
  );
  tf.backend_util.checkEinsumDimSizes(allDims.length, idDims, infos as tf.Tensor[]);
  const kept = allDims.length - summedDims.length;
  const wanted = equation.replace(/\s/g, '').split('->')[1]!.length;
  // A dimension twice in the result is left to tfjs, as is what is not float.
  if (wanted !== kept || infos.some(({ dtype }) => dtype !== 'float32')) return null;
  const sizes: number[] = [];
  infos.forEach(({ shape }, at) => {
    idDims[at]!.forEach((dim, axis) => {
      sizes[dim] = shape[axis]!;
    });
  });
  const isKept = (dim: number) => dim < kept;
  const operands = infos.map((info, at) => {
    const isNeeded = (dim: number) =>
      isKept(dim) || idDims.some((dims, other) => other !== at && dims.includes(dim));
    return summed(engine, { tensor: torch.handle(info), dims: idDims[at]! }, isNeeded);
  });
  const [first, second] = operands as [Operand, Operand?];
  const made = second ? product(engine, [first, second], sizes, isKept) : first;
  const order = Array.from({ length: kept }, (_, dim) => dim);
  const result = ordered(engine, made, order);
  // What comes of one operand may be a view of it.
  const fresh = second ? result : engine.op('aten::clone', result, 0);
  return torch.output(fresh, sizes.slice(0, kept), 'float32');
};

export const einsumKernels: KernelTable = { Einsum: einsum };
