import type * as tf from '@tensorflow/tfjs';
import { applyRemaps } from './apply.ts';
import { transposedPseudoInverse } from './pseudo-inverse.ts';
import { gather, type Mixing, mix, type Remap, type Rows } from './remap.ts';
import type { ChannelGroup } from './types.ts';

/** A group, or its id. */
export type GroupOrId = string | Pick<ChannelGroup, 'id'>;

/** One value a group: a group and its value, or a record of values by id. */
type Given<T> = [group: GroupOrId, value: T] | [values: Readonly<Record<string, T>>];

const idOf = (group: GroupOrId): string => (typeof group === 'string' ? group : group.id);

function entries<T>(given: Given<T>): [string, T][] {
  if (given.length === 2) return [[idOf(given[0]), given[1]]];
  return Object.entries(given[0]);
}

function checkIndices(who: string, id: string, indices: ArrayLike<number>, size: number): void {
  const seen = new Set<number>();
  for (let j = 0; j < indices.length; j++) {
    const index = indices[j] as number;
    const fault = !Number.isInteger(index) || index < 0 || index >= size;
    if (fault || seen.has(index)) {
      throw new RangeError(
        `${who}: '${id}' has channels 0 .. ${size - 1}; found ${index}${fault ? '' : ' twice'} at place ${j}.`,
      );
    }
    seen.add(index);
  }
}

function run<T>(
  who: string,
  model: tf.LayersModel,
  given: Given<T>,
  remap: (id: string, value: T, size: number) => Remap,
): tf.LayersModel {
  return applyRemaps(who, model, (groups) => {
    const remaps = entries(given).map(([id, value]) => {
      const group = groups.get(id);
      if (group === undefined) {
        throw new RangeError(
          `${who}: the model has no channel group '${id}'; it has ${[...groups.keys()].join(', ')}.`,
        );
      }
      return [id, remap(id, value, group.size)] as const;
    });
    return new Map(remaps);
  });
}

/**
 * Puts the channels of groups into another order; the model computes the same.
 *
 * @param model Any built LayersModel; it is not changed.
 * @param given A group (or its id) and its order, or a record of orders by id. `order[j]` is the channel that comes to
 *   place j. Within a head and over heads at once: dims are ordered first, then heads.
 * @returns A new model, not compiled.
 * @throws RangeError When a group is unknown or an order no permutation.
 * @throws Error When a group is fixed.
 * @example
 * permuteChannels(model, 'conv', [2, 0, 1]).predict(x); // what model.predict(x) gives, up to rounding
 */
export function permuteChannels(
  model: tf.LayersModel,
  ...given: Given<ArrayLike<number>>
): tf.LayersModel {
  return run('permuteChannels', model, given, (id, order, size) => {
    checkIndices('permuteChannels', id, order, size);
    if (order.length !== size) {
      throw new RangeError(
        `permuteChannels: '${id}' has ${size} channels; the order holds ${order.length}.`,
      );
    }
    return gather(order);
  });
}

/**
 * Keeps some channels of groups and drops the others from every layer; the model gets smaller.
 *
 * The result computes what the model computes with the other channels at zero wherever they are read, except through
 * layers that look at all channels at once (`group.across`).
 *
 * @param model Any built LayersModel; it is not changed.
 * @param given A group (or its id) and the indices of the channels to keep, in the order wanted; or a record of them by id.
 * @returns A new model, not compiled.
 * @throws RangeError When a group is unknown, or an index is out of range, repeated, or there is none.
 * @throws Error When a group is fixed, or tied groups would differ in size.
 * @example
 * keepChannels(model, { conv1: [0, 1, 5], conv2: [3] }).countParams(); // fewer than model.countParams()
 */
export function keepChannels(
  model: tf.LayersModel,
  ...given: Given<ArrayLike<number>>
): tf.LayersModel {
  return run('keepChannels', model, given, (id, indices, size) => {
    checkIndices('keepChannels', id, indices, size);
    if (indices.length === 0) {
      throw new RangeError(`keepChannels: keep at least one channel of '${id}'.`);
    }
    return gather(indices);
  });
}

/** A matrix [new channels, old channels], alone or with those for inputs and for values of their own. */
export type MergeMatrix = Rows | Mixing;

const isMixing = (value: MergeMatrix): value is Mixing => 'outputs' in value;

function checkRows(id: string, name: string, rows: Rows, count: number, size: number): void {
  if (rows.length === count && count > 0 && rows.every((row) => row.length === size)) {
    if (rows.every((row) => Array.from(row).every(Number.isFinite))) return;
    throw new RangeError(`mergeChannels: '${name}' of '${id}' holds a value that is not finite.`);
  }
  const widths = [...new Set(rows.map((row) => row.length))].join(' or ');
  throw new RangeError(
    `mergeChannels: '${name}' of '${id}' must be ${count || 'some'} rows of ${size} values; found ${rows.length} of ${widths}.`,
  );
}

/**
 * Makes the channels of groups anew, each a mixture of the old ones: fewer (merging), or more.
 *
 * With a matrix M [new, old], kernels and biases that make the channels become M times themselves. What reads them is
 * multiplied by the pseudo-inverse of M, so that channels which are equal merge without loss. Norms, slopes and depthwise
 * kernels take the mean that M's row gives. Give `{ outputs, inputs, own }` to choose all three.
 *
 * @param model Any built LayersModel; it is not changed.
 * @param given A group (or its id) and its matrix by rows, or a record of matrices by id.
 * @returns A new model, not compiled.
 * @throws RangeError When a group is unknown or a matrix does not fit.
 * @throws Error When a group is fixed, or tied groups would differ in size.
 * @example
 * mergeChannels(model, 'conv', [[0.5, 0.5, 0], [0, 0, 1]]); // channels 0 and 1 become their mean
 */
export function mergeChannels(model: tf.LayersModel, ...given: Given<MergeMatrix>): tf.LayersModel {
  const who = 'mergeChannels';
  return run(who, model, given, (id, value, size) => {
    const outputs = isMixing(value) ? value.outputs : value;
    const count = outputs.length;
    checkRows(id, 'outputs', outputs, count, size);
    if (!isMixing(value)) {
      return mix(who, { outputs, inputs: transposedPseudoInverse(who, outputs) });
    }
    checkRows(id, 'inputs', value.inputs, count, size);
    if (value.own !== undefined) checkRows(id, 'own', value.own, count, size);
    return mix(who, value);
  });
}
