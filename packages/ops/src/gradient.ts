import * as tf from '@tensorflow/tfjs';

interface Forward {
  /** The differentiable result. */
  y: tf.Tensor;
  /** Results beside it, through which no gradient flows. */
  side?: tf.Tensor[];
  /** What the backward pass needs. */
  saved: tf.Tensor[];
}

/**
 * Runs a forward function with a gradient of its own, off the tape, and lets side results out.
 *
 * tf.customGrad knows one output only, and each input's gradient closure runs in its own tidy; so
 * the backward function is called once, eagerly, and gives all gradients together.
 *
 * @param inputs - The tensors a gradient is wanted for.
 * @param forward - Computes y, side results and what to save.
 * @param backward - From dy and the saved tensors to one gradient an input, in order.
 * @returns [y, ...side].
 */
export function withGradient(
  inputs: tf.Tensor[],
  forward: () => Forward,
  backward: (dy: tf.Tensor, saved: tf.Tensor[]) => tf.Tensor[],
): tf.Tensor[] {
  if (!tf.engine().isTapeOn()) {
    // Nobody will ask for a gradient, and a custom one takes as long to set up as a small kernel to run.
    return tf.tidy(() => {
      const { y, side = [] } = forward();
      return [y, ...side];
    });
  }
  let kept: tf.Tensor[] = [];
  const run = tf.customGrad((...args: unknown[]) => {
    const save = args[args.length - 1] as tf.GradSaveFunc;
    const { y, side = [], saved } = forward();
    save(saved);
    // The engine tidies this function, and would dispose all but y: carry the rest over its edge.
    kept = side.map((tensor) => tf.keep(tensor));
    return { value: y, gradFunc: (dy, saved) => tf.tidy(() => backward(dy, saved)) };
  });
  const y = run(...inputs);
  const side = kept.map((tensor) => tensor.clone());
  tf.dispose(kept);
  return [y, ...side];
}
