import { layerPlaces } from '@pleat/ops';
import * as tf from '@tensorflow/tfjs';
import type { AxisPart, AxisSampler } from '../axis.ts';
import type { IntegralGroup } from '../group.ts';
import type { IntegralState } from '../state.ts';
import type { LinearLayer } from './layers.ts';

/** The covariance that a group's channels are expected to have, before sampling and as they are sampled: [channels, channels]. */
export interface Covariance {
  before: tf.Tensor2D;
  after: tf.Tensor2D;
}

/** [channels, everything else] of one place of each channel along an axis of a kernel. */
function rows(kernel: tf.Tensor, axis: number, positions: Int32Array): tf.Tensor2D {
  const order = [axis, ...kernel.shape.map((_, i) => i).filter((i) => i !== axis)];
  const front = kernel.transpose(order).reshape([kernel.shape[axis] as number, -1]);
  return front.gather(tf.tensor1d(positions, 'int32')) as tf.Tensor2D;
}

function diagonal(matrix: tf.Tensor2D): tf.Tensor1D {
  return matrix.mul(tf.eye(matrix.shape[0])).sum(1) as tf.Tensor1D;
}

/** A matrix with its rows and columns multiplied so that its diagonal becomes this one. */
function withDiagonal(matrix: tf.Tensor2D, wanted: tf.Tensor1D): tf.Tensor2D {
  const factor = tf.sqrt(wanted.div(tf.maximum(diagonal(matrix), 1e-30)));
  return matrix.mul(factor.expandDims(1)).mul(factor.expandDims(0)) as tf.Tensor2D;
}

/** Means of squared scales over the norms that a group's channels pass, or null where they pass none. */
function normVariances(state: IntegralState, group: IntegralGroup): tf.Tensor1D | null {
  const layers = new Map(layerPlaces(state.model).map(({ path, layer }) => [path, layer]));
  const scales = group.channels.slots
    .filter(({ weight, each }) => weight === 'gamma' && each === 1)
    .map(({ layer, weightIndex, positions }) => {
      const gamma = layers.get(layer)?.weights[weightIndex] as tf.LayerVariable;
      return gamma.read().gather(tf.tensor1d(positions, 'int32')).square();
    });
  return scales.length === 0 ? null : (tf.addN(scales).div(scales.length) as tf.Tensor1D);
}

/**
 * What is known of a group's channels without data: two of them are as alike as the kernels that make them, for inputs whose
 * channels are uncorrelated (the correlation that model folding estimates so: Wang et al. 2025, "Fold-AR"); their variances are
 * the squared scales of the norms they pass, else the squared norms of those kernels. Sampled channels are the combinations
 * that sampling makes of them, once each is brought to the variance interpolated between its neighbours'.
 */
function covarianceOf(
  state: IntegralState,
  group: IntegralGroup,
  layers: readonly LinearLayer[],
): Covariance {
  const grams = layers.flatMap(({ coefficients, output, input }) => {
    const part = output.parts.find((each) => each.group === group);
    if (part === undefined || input === undefined || part.slot.each > 1) return [];
    const own = rows(coefficients, output.axis, part.slot.positions);
    return [tf.matMul(own, own, false, true) as tf.Tensor2D];
  });
  const size = group.count;
  const ones = tf.ones([size]) as tf.Tensor1D;
  const alike =
    grams.length === 0
      ? (tf.eye(size) as tf.Tensor2D)
      : (tf.addN(grams.map((gram) => withDiagonal(gram, ones))).div(grams.length) as tf.Tensor2D);
  const made =
    grams.length === 0 ? ones : diagonal(tf.addN(grams).div(grams.length) as tf.Tensor2D);
  const variances = normVariances(state, group) ?? made;
  const before = withDiagonal(alike, variances);
  if (group.whole) return { before, after: before };
  const [output, positive] = [group.tensor('output'), group.tensor('positive')];
  const mixed = tf.matMul(tf.matMul(output, before), output, false, true) as tf.Tensor2D;
  return { before, after: withDiagonal(mixed, tf.dot(positive, variances) as tf.Tensor1D) };
}

/** Covariances by group, each made when it is first asked for; within one tidy. */
export function covariances(
  state: IntegralState,
  layers: readonly LinearLayer[],
): (group: IntegralGroup) => Covariance {
  const known = new Map<IntegralGroup, Covariance>();
  return (group) => {
    const found = known.get(group) ?? covarianceOf(state, group, layers);
    known.set(group, found);
    return found;
  };
}

/**
 * The variance of every channel that a kernel makes of channels of known covariance; its places (taps, pixels of a flattened
 * image) see independent inputs.
 *
 * @param kernel the kernel, before sampling or after
 * @param when which covariances go with it
 * @returns one number a position of the output axis
 */
export function variancesMade(
  kernel: tf.Tensor,
  output: AxisSampler,
  input: AxisSampler | undefined,
  covariance: (group: IntegralGroup) => Covariance,
  when: keyof Covariance,
): tf.Tensor1D {
  const length = kernel.shape[output.axis] as number;
  if (input === undefined) {
    // Depthwise: each channel of itself.
    const all = Int32Array.from({ length }, (_, i) => i);
    const taps = rows(kernel, output.axis, all).square().sum(1);
    return taps.mul(
      laidOut(output, when, ({ group }) => diagonal(covariance(group)[when])),
    ) as tf.Tensor1D;
  }
  const places = placesOf(input, when);
  const order = kernel.shape.map((_, i) => i).filter((i) => i !== input.axis && i !== output.axis);
  const apart = kernel.transpose([input.axis, output.axis, ...order]);
  const parts = input.parts.flatMap(({ group, slot: { each } }, part) => {
    const own = covariance(group)[when];
    const channels = own.shape[0];
    return Array.from({ length: each }, (_, k) => {
      const at = Int32Array.from(
        { length: channels },
        (_, c) => (places[part] as Int32Array)[c * each + k] as number,
      );
      const x = apart.gather(tf.tensor1d(at, 'int32')).reshape([channels, -1]) as tf.Tensor2D;
      return tf.matMul(own, x).mul(x).sum(0).reshape([length, -1]).sum(1);
    });
  });
  return tf.addN(parts) as tf.Tensor1D;
}

/** One value a position of an axis, from [channels, each] (or [channels]) values of each of its parts. */
export function laidOut(
  axis: AxisSampler,
  when: keyof Covariance,
  values: (part: AxisPart, index: number) => tf.Tensor,
): tf.Tensor1D {
  const places = placesOf(axis, when);
  const from = new Int32Array(places.reduce((sum, { length }) => sum + length, 0));
  let before = 0;
  const all = axis.parts.map((part, index) => {
    const { each } = part.slot;
    const own = values(part, index);
    const repeated = own.rank === 1 ? tf.tile(own.expandDims(1), [1, each]) : own;
    (places[index] as Int32Array).forEach((position, i) => {
      from[position] = before + i;
    });
    before += repeated.size;
    return repeated.flatten();
  });
  return tf.concat(all).gather(tf.tensor1d(from, 'int32')) as tf.Tensor1D;
}

/** Where the channels of each part stand, [channels, each] row-major. */
export function placesOf(axis: AxisSampler, when: keyof Covariance): Int32Array[] {
  return when === 'before' ? axis.parts.map(({ slot }) => slot.positions) : axis.places();
}
