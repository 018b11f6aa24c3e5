// What tests of repairs build and compare.
import * as tf from '@tensorflow/tfjs';
import { integralGroups } from '../src/index.ts';

export type Matrix = number[][];
export const times = (a: Matrix, b: Matrix): Matrix =>
  a.map((row) => b[0]!.map((_, j) => row.reduce((sum, value, k) => sum + value * b[k]![j]!, 0)));
export const transposed = (a: Matrix): Matrix => a[0]!.map((_, j) => a.map((row) => row[j]!));
export const diagonal = (a: Matrix): number[] => a.map((row, i) => row[i]!);

/** Draws every kernel anew from a seed; layers draw their own without one. */
export function drawn(model: tf.LayersModel): tf.LayersModel {
  let seed = 101;
  tf.tidy(() => {
    for (const weight of model.weights) {
      const { shape } = weight.read();
      if (shape.length < 2) continue;
      const inputs = shape.slice(0, -1).reduce((a, b) => a * b, 1);
      weight.write(tf.randomNormal(shape, 0, 1 / Math.sqrt(inputs), 'float32', seed++));
    }
  });
  return model;
}

/** Straight lines between values at centres of cells, level beyond the outer ones, read at the centres of `size` cells. */
export function between(values: readonly number[], size: number): number[] {
  return Array.from({ length: size }, (_, i) => {
    const u = ((i + 0.5) * values.length) / size - 0.5;
    const at = Math.min(Math.max(u, 0), values.length - 1);
    const low = Math.floor(at);
    const high = Math.min(low + 1, values.length - 1);
    return values[low]! + (at - low) * (values[high]! - values[low]!);
  });
}

export function dense(
  units: readonly number[],
  inputs: number,
  options: object = {},
): tf.LayersModel {
  const layers = units.map((width, i) =>
    tf.layers.dense({
      name: 'abc'[i]!,
      units: width,
      useBias: false,
      kernelInitializer: tf.initializers.randomNormal({ seed: i + 1 }),
      ...(i === 0 && { inputShape: [inputs] }),
      ...options,
    }),
  );
  return tf.sequential({ layers });
}

export const kernel = (model: tf.LayersModel, layer: string) =>
  model.getLayer(layer).getWeights()[0]!.arraySync() as Matrix;

export const half = (model: tf.LayersModel): Record<string, number> =>
  Object.fromEntries(
    integralGroups(model)
      .filter(({ id }) => !/query-key|value-output/.test(id))
      .map(({ id, coefficients }) => [id, Math.ceil(coefficients / 2)]),
  );

/** Dims within the heads of an attention layer. */
export const dimsOf = (model: tf.LayersModel, layer: string): string =>
  integralGroups(model).find(({ id, heads }) => !heads && id.startsWith(`${layer}/`))!.id;
