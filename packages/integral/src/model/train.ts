import { onlyOptions, softmaxCrossEntropy } from '@pleat/ops';
import * as tf from '@tensorflow/tfjs';
import { stateOf } from './state.ts';
import {
  applySetting,
  type Setting,
  settingNow,
  settingsOf,
  type WidthOptions,
  widthsOf,
} from './widths.ts';

/** A batch: inputs and what the model should give for them. */
export interface TrainingBatch {
  x: tf.Tensor;
  y: tf.Tensor;
}

/** A loss of labels and outputs, such as tf.losses.softmaxCrossEntropy; its mean is taken. */
export type Loss = (y: tf.Tensor, output: tf.Tensor) => tf.Tensor;

/** How an integral model takes one training step. */
export interface IntegralStepOptions {
  optimizer: tf.Optimizer;
  /** Default: softmax cross-entropy over logits. */
  loss?: Loss;
  widths?: WidthOptions;
  /**
   * Narrower widths learn what the first width of the step gives (softmax of its logits) instead of the labels, as slimmable
   * networks do; asks for `sandwich`, whose first is the largest. Default false.
   */
  distill?: boolean;
}

/** What a step shows. */
export interface IntegralStepResult {
  /** Mean loss over the widths of the step. */
  loss: number;
  /** Output of the first width, which the caller disposes of. */
  output: tf.Tensor;
}

/** Mean softmax cross-entropy of logits. */
export const crossEntropy: Loss = (y, output) =>
  softmaxCrossEntropy(y as never, output as tf.Tensor2D);

/** The trainable coefficients of a model, by name. */
function variablesOf(model: tf.LayersModel): tf.Variable[] {
  return model.trainableWeights.map((weight) => weight.read() as tf.Variable);
}

/**
 * One training step of an integral model: a random width (with `sandwich`, the largest and the smallest too), gradients of
 * the coefficients, one update.
 * @param model An integral model; its width is as before when the step is done.
 * @param batch Inputs and labels; they stay.
 * @param step Number of the step: decides the width, with the seed.
 * @param options Optimiser, loss, widths, distillation.
 * @returns Loss and output; a loss that is no finite number updates nothing.
 * @throws RangeError When an option is out of range.
 * @see Solodskikh et al. 2023, algorithm 1; Yu & Huang, "Universally slimmable networks", ICCV 2019 (sandwich, distillation).
 * @example
 * const { loss, output } = await integralStep(model, { x, y }, 0, { optimizer: tf.train.adam() });
 * output.dispose();
 */
export async function integralStep(
  model: tf.LayersModel,
  { x, y }: TrainingBatch,
  step: number,
  options: IntegralStepOptions,
): Promise<IntegralStepResult> {
  onlyOptions('integralStep', options, ['optimizer', 'loss', 'widths', 'distill']);
  const { optimizer, loss = crossEntropy, distill = false } = options;
  const state = stateOf('integralStep', model);
  const widths = widthsOf('integralStep', options.widths ?? {});
  if (distill && !widths.sandwich) {
    throw new RangeError(
      'integralStep: distill learns from the largest width of a step; set widths.sandwich too.',
    );
  }
  const before = settingNow(state);
  const settings = settingsOf(state, widths, step);
  const variables = variablesOf(model);
  let output: tf.Tensor | null = null;
  let sums: tf.NamedTensorMap = {};
  const values: tf.Scalar[] = [];
  try {
    for (const setting of settings) {
      applySetting(state, setting as Setting);
      let own: tf.Tensor | undefined;
      const { value, grads } = tf.variableGrads(() => {
        own = tf.keep(model.apply(x, { training: true }) as tf.Tensor);
        const target = distill && output !== null ? tf.softmax(output) : y;
        return loss(target, own).mean() as tf.Scalar;
      }, variables);
      if (output === null) output = own as tf.Tensor;
      else own?.dispose();
      values.push(value);
      sums = addAll(sums, grads);
    }
    const losses = await Promise.all(
      values.map(async (value) => (await value.data())[0] as number),
    );
    const mean = losses.reduce((a, b) => a + b, 0) / losses.length;
    if (Number.isFinite(mean)) {
      const share = 1 / settings.length;
      const means = tf.tidy(() =>
        Object.fromEntries(
          Object.entries(sums).map(([name, sum]) => [name, tf.mul(sum, share) as tf.Tensor]),
        ),
      );
      optimizer.applyGradients(means);
      tf.dispose(means);
    }
    return { loss: mean, output: output as unknown as tf.Tensor };
  } finally {
    tf.dispose([values, sums] as tf.TensorContainer);
    applySetting(state, before);
  }
}

function addAll(sums: tf.NamedTensorMap, more: tf.NamedTensorMap): tf.NamedTensorMap {
  const names = Object.keys(more);
  return Object.fromEntries(
    names.map((name) => {
      const sum = sums[name];
      const own = more[name] as tf.Tensor;
      if (sum === undefined) return [name, own];
      const total = tf.add(sum, own);
      tf.dispose([sum, own]);
      return [name, total];
    }),
  );
}
