import * as tf from '@tensorflow/tfjs';

/** An axis of a tensor, seen in a shape in which what is multiplied lies along one axis, and what multiplies it. */
export interface Factor {
  /** The tensor's shape before and after. */
  from: readonly number[];
  to: readonly number[];
  /** The same numbers with the channels alone along `axis`. */
  view: readonly number[];
  axis: number;
  /** [rows, size of the view's axis]. */
  matrix: tf.Tensor2D;
}

const product = (sizes: readonly number[]): number => sizes.reduce((a, b) => a * b, 1);

const seen = (x: tf.Tensor, shape: readonly number[]): tf.Tensor =>
  tf.util.arraysEqual(x.shape, shape as number[]) ? x : x.reshape(shape as number[]);

/** [.., size, ..] times a matrix along one axis; `turned` by the matrix transposed, as gradients go. */
function times(x: tf.Tensor, axis: number, matrix: tf.Tensor2D, turned: boolean): tf.Tensor {
  const { rank, shape } = x;
  const size = matrix.shape[turned ? 1 : 0];
  if (rank > 1 && axis === rank - 1) return tf.matMul(x, matrix, false, !turned);
  if (rank > 1 && axis === rank - 2) return tf.matMul(matrix as tf.Tensor, x, turned, false);
  const outer = product(shape.slice(0, axis));
  const inner = product(shape.slice(axis + 1));
  const own = shape[axis] as number;
  const made =
    inner === 1
      ? tf.matMul(x.reshape([outer, own]), matrix, false, !turned)
      : tf.matMul(matrix as tf.Tensor, x.reshape([outer, own, inner]), turned, false);
  return made.reshape([...shape.slice(0, axis), size, ...shape.slice(axis + 1)]);
}

/** The shape of the view after the product. */
const viewAfter = ({ view, axis, matrix }: Factor): number[] =>
  view.map((size, i) => (i === axis ? matrix.shape[0] : size));

const forwards = (x: tf.Tensor, factor: Factor): tf.Tensor =>
  seen(times(seen(x, factor.view), factor.axis, factor.matrix, false), factor.to);

const backwards = (dy: tf.Tensor, factor: Factor): tf.Tensor =>
  seen(times(seen(dy, viewAfter(factor)), factor.axis, factor.matrix, true), factor.from);

/** The gradient of the matrix: what came out and what went in, multiplied over all that is not the axis. */
function matrixGradient(dy: tf.Tensor, x: tf.Tensor, factor: Factor): tf.Tensor {
  const { view, axis, matrix } = factor;
  const outer = product(view.slice(0, axis));
  const inner = product(view.slice(axis + 1));
  const [rows, size] = matrix.shape;
  if (inner === 1) {
    return tf.matMul(dy.reshape([outer, rows]), x.reshape([outer, size]), true, false);
  }
  const each = tf.matMul(
    dy.reshape([outer, rows, inner]),
    x.reshape([outer, size, inner]),
    false,
    true,
  );
  return outer === 1 ? each.reshape([rows, size]) : each.sum(0);
}

/**
 * Multiplies axes of a tensor by matrices that stay as they are: one op with a gradient of its own, so that a training step
 * notes one step instead of a dozen.
 */
export function multiplyFixed(x: tf.Tensor, factors: readonly Factor[]): tf.Tensor {
  const run = (from: tf.Tensor) => factors.reduce(forwards, from);
  if (!tf.engine().isTapeOn()) return tf.tidy(() => run(x));
  return tf.customGrad((...args: unknown[]) => ({
    value: run(args[0] as tf.Tensor),
    gradFunc: (dy: tf.Tensor) => factors.reduceRight(backwards, dy),
  }))(x);
}

/** Multiplies an axis of a tensor by a matrix whose gradient is wanted too. */
export function multiplyLearned(x: tf.Tensor, factor: Factor): tf.Tensor {
  if (!tf.engine().isTapeOn()) return tf.tidy(() => forwards(x, factor));
  return tf.customGrad((...args: unknown[]) => {
    const [own, matrix, save] = args as [tf.Tensor, tf.Tensor2D, tf.GradSaveFunc];
    save([own, matrix]);
    return {
      value: forwards(own, { ...factor, matrix }),
      gradFunc: (dy: tf.Tensor, saved: tf.Tensor[]) => {
        const [from, by] = saved as [tf.Tensor, tf.Tensor2D];
        const known = { ...factor, matrix: by };
        return [backwards(dy, known), matrixGradient(dy, from, known)];
      },
    };
  })(x, factor.matrix);
}
