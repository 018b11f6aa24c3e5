import * as tf from '@tensorflow/tfjs';
import type { Host } from '../host.ts';
import { type Body, call, drop, register, reshaped, sizeOf } from './tensor.ts';

/** A tensor whose axes are named by letters; it owns its data. */
interface Named {
  tensor: tf.TensorInfo;
  letters: string[];
}

/** Frees the first, keeps the second. */
function replace(host: Host, from: tf.TensorInfo, to: tf.TensorInfo): tf.TensorInfo {
  drop(host, from);
  return to;
}

/** Sums over the letters that nobody needs any more. */
function summed(host: Host, { tensor, letters }: Named, needed: readonly string[]): Named {
  const axis = letters.flatMap((letter, index) => (needed.includes(letter) ? [] : [index]));
  if (axis.length === 0) return { tensor, letters };
  const sum = call(host, tf.Sum, { x: tensor }, { axis, keepDims: false });
  return {
    tensor: replace(host, tensor, sum),
    letters: letters.filter((letter) => needed.includes(letter)),
  };
}

/** The axes in another order. */
function ordered(host: Host, { tensor, letters }: Named, order: readonly string[]): Named {
  const perm = order.map((letter) => letters.indexOf(letter));
  if (perm.every((from, to) => from === to)) return { tensor, letters };
  const turned = call(host, tf.Transpose, { x: tensor }, { perm });
  return { tensor: replace(host, tensor, turned), letters: [...order] };
}

/** Both as batches of matrices, one product, axes back under their letters. */
function contracted(host: Host, left: Named, right: Named, wanted: readonly string[]): Named {
  const shared = left.letters.filter((letter) => right.letters.includes(letter));
  const batch = shared.filter((letter) => wanted.includes(letter));
  const inner = shared.filter((letter) => !wanted.includes(letter));
  const rows = left.letters.filter((letter) => !shared.includes(letter));
  const columns = right.letters.filter((letter) => !shared.includes(letter));
  const a = ordered(host, left, [...batch, ...rows, ...inner]).tensor;
  const b = ordered(host, right, [...batch, ...inner, ...columns]).tensor;
  const lengths = (shape: number[], from: number, count: number) => shape.slice(from, from + count);
  const batchShape = lengths(a.shape, 0, batch.length);
  const rowShape = lengths(a.shape, batch.length, rows.length);
  const innerSize = sizeOf(lengths(b.shape, batch.length, inner.length));
  const columnShape = lengths(b.shape, batch.length + inner.length, columns.length);
  const [count, m, n] = [sizeOf(batchShape), sizeOf(rowShape), sizeOf(columnShape)];
  const flatA = reshaped(host, a, [count, m, innerSize]);
  const flatB = reshaped(host, b, [count, innerSize, n]);
  const flat = call(
    host,
    tf.BatchMatMul,
    { a: flatA, b: flatB },
    { transposeA: false, transposeB: false },
  );
  for (const tensor of [flatA, flatB, a, b]) drop(host, tensor);
  const tensor = { ...flat, shape: [...batchShape, ...rowShape, ...columnShape] };
  return { tensor, letters: [...batch, ...rows, ...columns] };
}

const einsum: Body = ({ host, inputs, attrs }) => {
  const { equation } = attrs as { equation: string };
  const tensors = Object.values(inputs);
  const { allDims, summedDims, idDims } = tf.backend_util.decodeEinsumEquation(
    equation,
    tensors.length,
  );
  tf.backend_util.checkEinsumDimSizes(allDims.length, idDims, tensors as tf.Tensor[]);
  const output = allDims.filter((_, index) => !summedDims.includes(index));
  const operands = tensors.map((tensor, index) => {
    const letters = idDims[index]!.map((dimension) => allDims[dimension]!);
    if (new Set(letters).size !== letters.length) {
      throw new Error(
        `einsum: expected each letter once an operand, got '${equation}'; take the diagonal first.`,
      );
    }
    return { tensor: reshaped(host, tensor, tensor.shape), letters };
  });
  const ready = operands.map((operand, index) => {
    const others = operands.flatMap((other, place) => (place === index ? [] : other.letters));
    return summed(host, operand, [...output, ...others]);
  });
  let result = ready[0]!;
  for (const next of ready.slice(1)) result = contracted(host, result, next, output);
  return ordered(host, result, output).tensor;
};

/** Registers Einsum, as sums, transpositions and one matrix product. */
export function registerEinsum(): void {
  register(tf.Einsum, einsum);
}
