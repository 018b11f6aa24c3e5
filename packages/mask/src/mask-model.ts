import {
  copyWeights,
  type LayerPlace,
  layerPlaces,
  onlyOptions,
  rebuildModel,
  requireModel,
  weightName,
} from '@pleat/ops';
import type { LayerShape, PrototypeOptions } from '@pleat/prototype';
import * as tf from '@tensorflow/tfjs';
import { type PrototypeValues, planFills } from './fills.ts';
import { maskable, maskedName } from './layers/kinds.ts';
import { isMasked } from './layers/masked-layer.ts';
import { type KernelMasking, packMasking } from './layers/masking.ts';
import { chooseLearner, type LearnerName, type LearnerOptions } from './learners/registry.ts';
import { maskedKernels } from './weights.ts';

const optionNames = [
  'prototype',
  'values',
  'learner',
  'seed',
  'scoreScale',
  'include',
  'exclude',
] as const satisfies (keyof MaskOptions)[];

/** Chooses layers by name and class. */
export type LayerFilter = (layerName: string, className: string) => boolean;

/** How a model is masked. */
export interface MaskOptions {
  /**
   * Where the fixed weights come from. Default: random-vector padding; `kaiming-normal` for learners that choose signs,
   * else `signed-constant`.
   */
  prototype?: PrototypeOptions;
  /** Fixed values of your own instead of drawn ones; `model` takes the model's kernels (then `prototype` says nothing). */
  values?: PrototypeValues;
  /** How masks are learned: a name, or a name with options. Default `signed`. */
  learner?: LearnerName | (string & {}) | LearnerOptions;
  /** Seed of the prototype (unless it has its own), of the scores and of random learners. Default 0. */
  seed?: number;
  /** Scores start uniform in +-scoreScale / sqrt(fan-in). Default 1. */
  scoreScale?: number;
  /** Mask only these layers; default all that can be masked. */
  include?: LayerFilter;
  /** Leave these layers as they are. */
  exclude?: LayerFilter;
}

interface Target {
  path: string;
  name: string;
  weight: tf.LayerVariable;
  shape: LayerShape;
}

function chosen({ layer }: LayerPlace, { include, exclude }: MaskOptions): boolean {
  const className = layer.getClassName();
  const wanted = include?.(layer.name, className) ?? true;
  if (wanted && include !== undefined && !(className in maskable) && layer.weights.length > 0) {
    throw new Error(
      `maskModel: '${layer.name}' is a ${className}, which cannot be masked; ` +
        `layers that can: ${Object.keys(maskable).join(', ')}. Let include say no to it.`,
    );
  }
  return wanted && className in maskable && !(exclude?.(layer.name, className) ?? false);
}

function targets(model: tf.LayersModel, options: MaskOptions): Target[] {
  const found: Target[] = [];
  for (const place of layerPlaces(model)) {
    if (isMasked(place.layer)) {
      throw new Error(
        `maskModel: '${place.path}' is masked already; bake the model first, or mask the plain one.`,
      );
    }
    if (!chosen(place, options)) continue;
    const kernels = maskable[place.layer.getClassName()] ?? {};
    for (const weight of place.layer.weights) {
      const name = weightName(weight);
      const fanIn = kernels[name];
      if (fanIn === undefined) continue;
      const shape = weight.shape as number[];
      found.push({
        path: place.path,
        name,
        weight,
        shape: { name: `${found.length}`, shape, fanIn: fanIn(shape) },
      });
    }
  }
  if (found.length === 0) {
    throw new Error(
      `maskModel: the model '${model.name}' has no layer to mask; layers that can be masked: ` +
        `${Object.keys(maskable).join(', ')}.`,
    );
  }
  return found;
}

/**
 * Turns a model into one whose kernels are fixed random values times masks that are learned.
 *
 * The result is a `tf.LayersModel` like any other: compile, fit, evaluate, save and load it. Biases and norms stay trained
 * and are copied; the input model is not touched.
 * @param model Any built LayersModel: Sequential or functional, models in models, shared layers.
 * @param options Prototype, learner, seed, and which layers to mask.
 * @returns The masked model, not compiled.
 * @throws Error When nothing can be masked, or something asked for cannot be.
 * @example
 * const model = tf.sequential({ layers: [tf.layers.dense({ units: 100, inputShape: [100], useBias: false })] });
 * const masked = maskModel(model, { learner: 'signed', seed: 1 });
 * masked.layers[0].getClassName(); // PleatMaskedDense
 * masked.countParams(); // 10000
 */
export function maskModel(model: tf.LayersModel, options: MaskOptions = {}): tf.LayersModel {
  requireModel('maskModel', model);
  onlyOptions('maskModel', options, optionNames);
  const { learner = 'signed', seed = 0, scoreScale = 1, prototype = {} } = options;
  const learnerOptions = typeof learner === 'string' ? { name: learner } : learner;
  const { alphabet } = chooseLearner(learnerOptions).learner;
  // Signs are what such a learner chooses: it needs magnitudes that differ.
  const distribution = alphabet === 'sign' ? 'kaiming-normal' : 'signed-constant';
  if (!(scoreScale > 0 && scoreScale < Infinity)) {
    throw new RangeError(`maskModel: scoreScale must be a positive number, got ${scoreScale}.`);
  }
  if (model.inputs.length === 0) {
    throw new Error(
      `maskModel: '${model.name}' has no weights yet; give its first layer an inputShape.`,
    );
  }
  const wanted = targets(model, options);
  const fills = planFills(
    wanted.map(({ shape }) => shape),
    wanted.map(({ weight }) => weight),
    { seed, distribution, ...prototype },
    options.values,
  );
  const kernels = new Map<string, KernelMasking[]>();
  fills.forEach(({ fill, values }, index) => {
    const { path, name, shape } = wanted[index] as Target;
    const kernel = { weight: name, index, fill, fanIn: shape.fanIn, given: values !== null };
    kernels.set(path, [...(kernels.get(path) ?? []), kernel]);
  });
  const group = { id: model.name, size: wanted.length };
  const result = rebuildModel(
    model,
    ({ className, config }, path) => {
      const own = kernels.get(path);
      if (own === undefined) return { className, config };
      const masking = { kernels: own, learner: learnerOptions, seed, scoreScale, group };
      return {
        className: maskedName(className),
        config: { ...config, masking: { ...packMasking(masking) } },
      };
    },
    false,
  );
  const scored = maskedKernels(result);
  copyWeights(model, result, (source, target) => (scored.has(target) ? null : source.read()));
  for (const { kernel } of scored.values()) {
    const values = fills[kernel.masking.index]?.values;
    if (values == null || kernel.given === null) continue;
    const tensor = tf.tensor(values, kernel.masking.fill.shape);
    kernel.given.write(tensor);
    tensor.dispose();
  }
  return result;
}
