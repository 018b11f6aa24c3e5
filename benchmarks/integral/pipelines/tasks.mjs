// What the kinds of training do in one step.
import { resize } from '@pleat/integral';
import { softmaxCrossEntropy } from '@pleat/ops';
import { frugalGrads } from '@pleat/optim';
import * as tf from '@tensorflow/tfjs';
import { drawShares, ranges, sizesAt } from './widths.mjs';

const variablesOf = (model) => model.trainableWeights.map((weight) => weight.read());

/** Adds up what several widths of one step give; the losses become their mean. */
export function sumOf(parts) {
  return tf.tidy(() => {
    const sums = {};
    for (const { grads } of parts) {
      for (const [name, grad] of Object.entries(grads)) {
        sums[name] = sums[name] === undefined ? grad : tf.add(sums[name], grad);
      }
    }
    const loss = tf.addN(parts.map(({ loss }) => loss)).div(parts.length);
    const grads = Object.fromEntries(
      Object.entries(sums).map(([name, sum]) => [name, tf.div(sum, parts.length)]),
    );
    tf.dispose(parts);
    return { loss, grads };
  });
}

/** Gradients of a model's cross entropy with labels or soft targets; `logits` are kept when asked for. */
export function gradientsOf(model, variables, x, target, keepLogits = false) {
  let logits;
  const { value: loss, grads } = frugalGrads(() => {
    const output = model.apply(x, { training: true });
    if (keepLogits) logits = tf.keep(output.clone());
    return softmaxCrossEntropy(target, output);
  }, variables);
  return { loss, grads, logits };
}

/** A plain model. */
export function discreteTask(model) {
  const variables = variablesOf(model);
  return { gradients: ({ x, y }) => gradientsOf(model, variables, x, y) };
}

/** An integral model at one random width a step: algorithm 1 of Solodskikh et al. 2023. */
export function integralTask(model, { network, seed }) {
  const variables = variablesOf(model);
  return {
    gradients({ x, y, step }) {
      const sizes = sizesAt(model, network, drawShares(ranges.pipeline, seed, step));
      return gradientsOf(resize(model, sizes), variables, x, y);
    },
  };
}

/**
 * An integral model for every size: the largest, the smallest and a random width in each step, the narrower ones taught by the
 * largest (sandwich rule and in-place distillation, Yu & Huang, ICCV 2019).
 */
export function anySizeTask(model, { network, seed }) {
  const variables = variablesOf(model);
  const range = ranges.anySize;
  const at = (share) => sizesAt(model, network, { early: share, late: share });
  return {
    gradients({ x, y, step }) {
      const { early: share } = drawShares(range, seed, step);
      const { logits, ...largest } = gradientsOf(resize(model, at(1)), variables, x, y, true);
      const taught = tf.softmax(logits);
      const others = [range[0], share].map((each) => {
        const { loss, grads } = gradientsOf(resize(model, at(each)), variables, x, taught);
        return { loss, grads };
      });
      tf.dispose([logits, taught]);
      return sumOf([largest, ...others]);
    },
  };
}
