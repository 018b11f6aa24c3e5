import { type LayerPlace, layerPlaces, rebuildModel, requireModel, weightName } from '@pleat/ops';
import type { LayerShape } from '@pleat/prototype';
import * as tf from '@tensorflow/tfjs';
import { type KernelFill, planFills } from './fills.ts';
import { foldOwners } from './fold.ts';
import { MaskedKernel } from './layers/kernel.ts';
import { maskable, maskedName } from './layers/kinds.ts';
import { isMasked } from './layers/masked-layer.ts';
import { type KernelMasking, packMasking } from './layers/masking.ts';
import { chooseLearner } from './learners/registry.ts';
import { layerOptions, type MaskOptions } from './mask-options.ts';
import { isBatchNorm, withoutAffine } from './norms.ts';
import { copySlots, maskedKernels } from './weights.ts';

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
      const kind = kernels[name];
      if (kind === undefined) continue;
      const shape = weight.shape as number[];
      found.push({
        path: place.path,
        name,
        weight,
        shape: { name: `${found.length}`, shape, fanIn: kind.fanIn(shape) },
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

/** The batch norms that shall lose scale and shift, by path. */
function normsToStrip(
  model: tf.LayersModel,
  { affineNorms = true }: MaskOptions,
): Map<string, tf.layers.Layer> {
  const norms = layerPlaces(model).filter(({ layer }) => !affineNorms && isBatchNorm(layer));
  if (!affineNorms && norms.length === 0) {
    throw new Error(
      `maskModel: affineNorms is false, but '${model.name}' has no batch norm; leave the option out.`,
    );
  }
  return new Map(norms.map(({ path, layer }) => [path, layer]));
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
  const shared = layerOptions(options);
  const { alphabet } = chooseLearner(shared.learner).learner;
  // Signs are what such a learner chooses: it needs magnitudes that differ.
  const distribution = alphabet === 'binary' ? 'signed-constant' : 'kaiming-normal';
  if (model.inputs.length === 0) {
    throw new Error(
      `maskModel: '${model.name}' has no weights yet; give its first layer an inputShape.`,
    );
  }
  const wanted = targets(model, options);
  const fills = planFills(
    wanted.map(({ shape }) => shape),
    wanted.map(({ weight }) => weight),
    { seed: shared.seed, distribution, ...options.prototype },
    options.values,
  );
  const owners = foldOwners(
    wanted.map(({ path, name, shape }) => ({ layer: path, weight: name, shape: shape.shape })),
    options.fold ?? 1,
  );
  const bare = normsToStrip(model, options);
  const kernels = new Map<string, KernelMasking[]>();
  wanted.forEach(({ path, name, shape }, index) => {
    const owner = owners[index];
    const { fill, values } = fills[owner ?? index] as KernelFill;
    const kernel: KernelMasking = {
      weight: name,
      index,
      fill,
      fanIn: shape.fanIn,
      given: values !== null,
      ...(owner !== undefined && { owner }),
    };
    kernels.set(path, [...(kernels.get(path) ?? []), kernel]);
  });
  const group = { id: model.name, size: wanted.length };
  const result = rebuildModel(
    model,
    ({ className, config }, path) => {
      const own = kernels.get(path);
      const norm = bare.get(path);
      if (norm !== undefined) return withoutAffine(norm, { className, config });
      if (own === undefined) return { className, config };
      const masking = { ...shared, kernels: own, group };
      return {
        className: maskedName(className),
        config: { ...config, masking: { ...packMasking(masking) } },
      };
    },
    false,
  );
  copySlots(model, result, (source, target) =>
    target instanceof MaskedKernel ? null : source.read(),
  );
  for (const { kernel } of maskedKernels(result)) {
    const { owner, index } = kernel.masking;
    const values = fills[owner ?? index]?.values;
    if (values == null || kernel.given === null) continue;
    const tensor = tf.tensor(values, kernel.masking.fill.shape);
    kernel.given.write(tensor);
    tensor.dispose();
  }
  return result;
}
