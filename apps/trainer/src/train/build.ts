import type { Dataset } from '@pleat/datasets';
import { toIntegral } from '@pleat/integral';
import { maskModel } from '@pleat/mask';
import { createModel } from '@pleat/models';
import {
  adamw,
  binary,
  type Constraint,
  constant,
  constrain,
  cosine,
  linear,
  oneCycle,
  pruned,
  type SlotOptimizer,
  sgd,
  stepDecay,
  ternary,
  triangular,
} from '@pleat/optim';
import type * as tf from '@tensorflow/tfjs';
import type { TrainConfig } from '../config/schema.ts';
import { isIntegralModel } from '../integral/model.ts';
import { allButScores, maskOptions } from './mask-options.ts';

/** A new model of the configuration's kind and sizes. */
function freshModel(
  config: TrainConfig,
  { shape, classes }: Pick<Dataset, 'shape' | 'classes'>,
): tf.LayersModel {
  const { dim, depth, width, batchNorm, kernelSize, patchSize, heads, mlpRatio, seed } = config;
  const own = { dim, depth, width, batchNorm, kernelSize, patchSize, heads, mlpRatio };
  const given = Object.fromEntries(Object.entries(own).filter(([, value]) => value !== undefined));
  return createModel(config.model, {
    inputShape: shape,
    classes: classes.length,
    seed,
    ...given,
  });
}

/**
 * The model a configuration asks for: masked, integral or neither.
 *
 * @param source the model it begins from, which then belongs to it; default a freshly initialised one
 */
export function buildModel(
  config: TrainConfig,
  dataset: Pick<Dataset, 'shape' | 'classes'>,
  source?: tf.LayersModel,
): tf.LayersModel {
  const model = source ?? freshModel(config, dataset);
  if (config.method === 'integral' && isIntegralModel(model)) return model;
  if (config.method !== 'mask' && config.method !== 'integral') return model;
  const { order = 'identity', seed } = config;
  const made =
    config.method === 'mask'
      ? maskModel(model, maskOptions(config))
      : toIntegral(model, { order, seed });
  model.dispose();
  return made;
}

/** The learning rate at each step of a run of `total` steps. */
export function buildSchedule(config: TrainConfig, total: number): (step: number) => number {
  const peak = config.learningRate!;
  switch (config.schedule) {
    case 'triangular':
      return triangular({ total, peak });
    case 'cosine':
      return cosine({ total, peak, warmup: Math.round((config.warmup ?? 0) * total) });
    case 'linear':
      return linear({ total, initial: peak });
    case 'one-cycle':
      return oneCycle({ total, peak });
    case 'step':
      return stepDecay({
        initial: peak,
        milestones: [Math.round(total / 2), Math.round(total * 0.75)],
      });
    case 'constant':
      return constant(peak);
  }
}

/** What the weights of a run may be; undefined when anything. */
function constraintOf(config: TrainConfig, total: number, sparse: boolean): Constraint | undefined {
  const { method, estimator, balance } = config;
  if (sparse) return pruned();
  if (method === 'binary') return binary({ balance, estimator, total });
  return method === 'ternary' ? ternary({ estimator, total }) : undefined;
}

/**
 * The optimiser a configuration asks for.
 *
 * @param total steps of the run
 * @param sparse whether weights that are zero stay so
 */
export function buildOptimizer(config: TrainConfig, total = 1, sparse = false): SlotOptimizer {
  const { momentum, nesterov, weightDecay } = config;
  const learningRate = config.learningRate!;
  const filter = config.scoreDecay === false ? allButScores : 'kernels';
  const optimizer =
    config.optimizer === 'adamw'
      ? adamw({ learningRate, weightDecay, filter })
      : sgd({ learningRate, momentum, nesterov, weightDecay, filter });
  const constraint = constraintOf(config, total, sparse);
  return constraint ? constrain(optimizer, constraint) : optimizer;
}
