import {
  copyWeights,
  layerPlaces,
  onlyOptions,
  rebuildModel,
  requireModel,
  weightName,
} from '@pleat/ops';
import { permutation, stream } from '@pleat/random';
import * as tf from '@tensorflow/tfjs';

/** How single weights are pruned. */
export interface PruneWeightsOptions {
  /** `magnitude`: the smallest go; `random`: any, as a control. Default `magnitude`. */
  criterion?: 'magnitude' | 'random';
  /** Share of the kernels' weights that is set to zero, 0 .. 1. */
  compression: number;
  /** `global`: over all kernels together; `layer`: the same share in each. Default `global`. */
  scope?: 'global' | 'layer';
  /** Leave these layers as they are. */
  exclude?: (layer: string, className: string) => boolean;
  /** Seed of `random`. Default 0. */
  seed?: number;
}

/** What pruning single weights did. */
export interface PruneWeightsReport {
  criterion: 'magnitude' | 'random';
  scope: 'global' | 'layer';
  /** Weights of kernels, and those set to zero. */
  weights: number;
  removed: number;
  layers: { layer: string; weight: string; weights: number; removed: number }[];
}

interface Kernel {
  layer: string;
  weight: string;
  variable: tf.LayerVariable;
  values: Float32Array;
}

const who = 'pruneWeights';

function kernelsOf(model: tf.LayersModel, exclude: PruneWeightsOptions['exclude']): Kernel[] {
  return layerPlaces(model).flatMap(({ path, layer }) => {
    if (exclude?.(path, layer.getClassName())) return [];
    return layer.weights
      .filter((weight) => weightName(weight).endsWith('kernel'))
      .map((variable) => ({
        layer: path,
        weight: weightName(variable),
        variable,
        values: variable.read().dataSync<'float32'>().slice(),
      }));
  });
}

/** Indices by importance, the least important first; of equals the first. */
function ranked(values: Float32Array, criterion: string, seed: number, name: string): Uint32Array {
  if (criterion === 'random') return permutation(stream(seed, `prune ${name}`), values.length);
  const magnitudes = values.map(Math.abs);
  return Uint32Array.from(values, (_, i) => i).sort(
    (a, b) => (magnitudes[a] as number) - (magnitudes[b] as number) || a - b,
  );
}

/**
 * Sets the least important weights of all kernels to zero; shapes stay. Biases and norms are left alone.
 *
 * Exactly round(compression x weights) are removed: over the whole model, or in each kernel (Han et al., "Learning both
 * weights and connections for efficient neural networks", NeurIPS 2015).
 *
 * @param model Any built LayersModel; it is not changed.
 * @param options Criterion, share, scope, seed; see `PruneWeightsOptions`.
 * @returns A new, plain model of the same structure, not compiled, and a report.
 * @throws RangeError When an option does not fit, or a weight is not finite.
 * @example
 * const { model: sparse, report } = pruneWeights(model, { compression: 0.9 });
 * report.removed / report.weights; // 0.9
 */
export function pruneWeights(
  model: tf.LayersModel,
  options: PruneWeightsOptions,
): { model: tf.LayersModel; report: PruneWeightsReport } {
  requireModel(who, model);
  onlyOptions(who, options ?? {}, ['criterion', 'compression', 'scope', 'exclude', 'seed']);
  const { criterion = 'magnitude', scope = 'global', exclude, seed = 0 } = options;
  const { compression } = options;
  if (!(compression >= 0 && compression <= 1)) {
    throw new RangeError(`${who}: compression is the share removed, 0 .. 1; found ${compression}.`);
  }
  if (criterion !== 'magnitude' && criterion !== 'random') {
    throw new RangeError(
      `${who}: criterion must be 'magnitude' or 'random', found ${JSON.stringify(criterion)}.`,
    );
  }
  if (scope !== 'global' && scope !== 'layer') {
    throw new RangeError(
      `${who}: scope must be 'global' or 'layer', found ${JSON.stringify(scope)}.`,
    );
  }
  const kernels = kernelsOf(model, exclude);
  const broken = kernels.find(({ values }) => !values.every(Number.isFinite));
  if (broken !== undefined) {
    throw new RangeError(
      `${who}: '${broken.layer}' (${broken.weight}) holds a value that is not finite; the model is broken.`,
    );
  }
  const weights = kernels.reduce((sum, { values }) => sum + values.length, 0);
  if (weights === 0)
    throw new RangeError(`${who}: the model '${model.name}' has no kernels to prune.`);
  const gone = kernels.map(() => 0);
  const starts: number[] = [];
  const all = new Float32Array(weights);
  let at = 0;
  for (const { values } of kernels) {
    starts.push(at);
    all.set(values, at);
    at += values.length;
  }
  const remove = (k: number, i: number) => {
    (kernels[k] as Kernel).values[i] = 0;
    gone[k] = (gone[k] as number) + 1;
  };
  if (scope === 'layer') {
    kernels.forEach(({ values, layer, weight }, k) => {
      const count = Math.round(compression * values.length);
      const order = ranked(values, criterion, seed, `${layer} ${weight}`).subarray(0, count);
      for (const i of order) remove(k, i);
    });
  } else {
    const kernelAt = new Uint32Array(weights);
    kernels.forEach(({ values }, k) => {
      kernelAt.fill(k, starts[k], (starts[k] as number) + values.length);
    });
    const order = ranked(all, criterion, seed, 'all').subarray(
      0,
      Math.round(compression * weights),
    );
    for (const i of order) {
      const k = kernelAt[i] as number;
      remove(k, i - (starts[k] as number));
    }
  }
  const result = rebuildModel(model, (layer) => layer, true);
  const byVariable = new Map(kernels.map((kernel) => [kernel.variable, kernel.values]));
  tf.tidy(() => {
    copyWeights(model, result, (source) => {
      const values = byVariable.get(source);
      return values === undefined ? source.read() : tf.tensor(values, source.shape as number[]);
    });
  });
  return {
    model: result,
    report: {
      criterion,
      scope,
      weights,
      removed: gone.reduce((a, b) => a + b, 0),
      layers: kernels.map(({ layer, weight, values }, k) => ({
        layer,
        weight,
        weights: values.length,
        removed: gone[k] as number,
      })),
    },
  };
}
