import { rebuildModel, requireModel, type SerializedLayer, toStandardLayer } from '@pleat/ops';
import * as tf from '@tensorflow/tfjs';
import { MaskedKernel } from './layers/kernel.ts';
import { stockName } from './layers/kinds.ts';
import { copySlots, maskedKernels } from './weights.ts';

/** How a model is baked. */
export interface BakeOptions {
  /** Replace Pleat's own layers by stock ones where an equal exists, so that plain tfjs loads the result. Default true. */
  portable?: boolean;
}

/** The config of the plain layer behind a masked one; with `portable` also of stock layers equal to Pleat's own. */
function plainLayer({ className, config }: SerializedLayer, portable: boolean): SerializedLayer {
  const stock = stockName(className);
  const { masking: _, ...rest } = config;
  const plain = stock === null ? { className, config } : { className: stock, config: rest };
  return portable ? ((toStandardLayer(plain) as SerializedLayer | null) ?? plain) : plain;
}

/** Refuses scores that decide nothing. */
function checkScores(path: string, kernel: MaskedKernel): void {
  if (kernel.scores.read().dataSync<'float32'>().every(Number.isFinite)) return;
  throw new Error(
    `Scores of '${path}' (${kernel.masking.weight}) hold NaN or infinity, so its mask is undefined; ` +
      'training diverged: lower the learning rate or go back to an earlier checkpoint.',
  );
}

/** A plain model, and the masked kernel behind each of its weights that has one. */
export interface Baked {
  plain: tf.LayersModel;
  kernels: Map<tf.LayerVariable, MaskedKernel>;
}

/** Bakes, and tells which weight came from which masked kernel. */
export function bakeKernels(model: tf.LayersModel, portable: boolean): Baked {
  for (const { path, kernel } of maskedKernels(model)) checkScores(path, kernel);
  const plain = rebuildModel(model, (layer) => plainLayer(layer, portable), true);
  const kernels = new Map<tf.LayerVariable, MaskedKernel>();
  tf.tidy(() => {
    copySlots(model, plain, (source, target) => {
      if (source instanceof MaskedKernel) kernels.set(target as tf.LayerVariable, source);
      return source.read();
    });
  });
  return { plain, kernels };
}

/**
 * Gives the plain model behind a masked one: every kernel becomes its fixed values times the final mask.
 *
 * A plain model may be given too; it is copied, and with `portable` freed of Pleat's own layers.
 * @param model A masked (or plain) model; it is not changed.
 * @returns A new model of the same structure that predicts the same, not compiled.
 * @throws Error When scores are NaN or infinite.
 * @example
 * // masked: a model of one dense layer, made by maskModel
 * bake(masked).layers[0].getClassName(); // Dense
 */
export function bake(model: tf.LayersModel, { portable = true }: BakeOptions = {}): tf.LayersModel {
  requireModel('bake', model);
  return bakeKernels(model, portable).plain;
}
