import { onlyOptions } from '@pleat/ops';
import * as tf from '@tensorflow/tfjs';
import { requireCount, requireName } from '../arguments.ts';
import type { IntegralGroup } from './group.ts';
import { freeGroups } from './resize.ts';
import { type IntegralState, stateOf, storeGroups } from './state.ts';
import { crossEntropy, type Loss, type TrainingBatch } from './train.ts';
import { chosenGroups } from './widths.ts';

/** How partitions are tuned. */
export interface TuneOptions {
  optimizer: tf.Optimizer;
  /** Default: softmax cross-entropy over logits. */
  loss?: Loss;
  /** `trainable`: positions for the sizes of now; `shared`: one set of deltas that any size reads. Default `trainable`. */
  kind?: 'trainable' | 'shared';
  /** Deltas of a shared partition. Default 16. */
  knots?: number;
  /** Tune biases too. Default false. */
  biases?: boolean;
  /** Tune the scales and shifts of norms too, and let their statistics follow. Default false. */
  norms?: boolean;
  /** Ids of the groups to tune. Default those that are not at their own grid. */
  groups?: readonly string[];
  /** Called after each step with its number, from 1, and the loss. */
  onStep?: (step: number, loss: number) => void;
}

const optionNames = [
  'optimizer',
  'loss',
  'kind',
  'knots',
  'biases',
  'norms',
  'groups',
  'onStep',
] as const satisfies (keyof TuneOptions)[];

function groupsToTune(state: IntegralState, ids: readonly string[] | undefined): IntegralGroup[] {
  const groups =
    ids === undefined
      ? freeGroups(state).filter(({ whole, size }) => !whole && size > 1)
      : chosenGroups('tunePartitions', state, ids);
  if (groups.length > 0) return groups;
  throw new Error(
    'tunePartitions: every group is at its own grid, where there is nothing to tune; resize the model first, or name groups.',
  );
}

/** The coefficients that are tuned beside positions. */
function besides(state: IntegralState, biases: boolean, norms: boolean): tf.Variable[] {
  const names = [...(biases ? ['bias'] : []), ...(norms ? ['gamma', 'beta'] : [])];
  return state.model.trainableWeights
    .filter(({ originalName }) => {
      const name = originalName.split('/').at(-1) ?? '';
      return names.some((wanted) => name === wanted || name.endsWith(`_${wanted}`));
    })
    .map((weight) => weight.read() as tf.Variable);
}

/** The values of variables, in one read. */
async function readAll(variables: readonly tf.Variable[]): Promise<Float32Array[]> {
  const all = tf.concat(variables as unknown as tf.Tensor1D[]);
  const values = (await all.data()) as Float32Array;
  all.dispose();
  let end = 0;
  return variables.map(({ size }) => {
    end += size;
    return values.subarray(end - size, end);
  });
}

/**
 * Tunes where an integral model is sampled, and nothing else unless asked: pruning without training its kernels.
 * @param model An integral model, resized to the widths wanted; it is changed in place.
 * @param batches One step each. Each batch is disposed of.
 * @param options Optimiser, loss, what is tuned.
 * @returns The loss of each step, before its update.
 * @throws Error When no group is to be tuned, or a loss is not finite: then the positions before are kept.
 * @see Solodskikh et al. 2023, section 4.2 (pipeline B).
 * @example
 * await tunePartitions(resize(integral, { conv1: 8 }), batches, { optimizer: tf.train.adam(0.01) });
 */
export async function tunePartitions(
  model: tf.LayersModel,
  batches: Iterable<TrainingBatch> | AsyncIterable<TrainingBatch>,
  options: TuneOptions,
): Promise<number[]> {
  onlyOptions('tunePartitions', options, optionNames);
  const { optimizer, loss = crossEntropy, kind = 'trainable', knots = 16 } = options;
  const { biases = false, norms = false, onStep } = options;
  requireName('tunePartitions', 'kind', kind, ['trainable', 'shared']);
  requireCount('tunePartitions', 'knots', knots);
  const state = stateOf('tunePartitions', model);
  const groups = groupsToTune(state, options.groups);
  const before = groups.map((group) => group.state);
  const deltas = groups.map((group) => group.learn(kind, knots));
  const variables = [...deltas, ...besides(state, biases, norms)];
  const losses: number[] = [];
  let done = false;
  try {
    for await (const { x, y } of batches) {
      const positions = await readAll(deltas);
      const { value, grads } = tf.variableGrads(() => {
        groups.forEach((group, i) => {
          group.begin(positions[i] as Float32Array);
        });
        // Without norms their statistics stay: positions are tuned for the function that inference computes.
        const output = model.apply(x, { training: norms }) as tf.Tensor;
        return loss(y, output).mean() as tf.Scalar;
      }, variables);
      for (const group of groups) group.end();
      const [now] = (await value.data()) as Float32Array;
      if (Number.isFinite(now)) optimizer.applyGradients(grads);
      tf.dispose([x, y, value, grads] as tf.TensorContainer);
      if (!Number.isFinite(now)) {
        throw new Error(
          `tunePartitions: the loss became ${now} in step ${losses.length + 1}; lower the learning rate.`,
        );
      }
      losses.push(now as number);
      onStep?.(losses.length, now as number);
    }
    done = true;
  } finally {
    groups.forEach((group, i) => {
      group.end();
      if (done) group.settle();
      else group.set(before[i] as (typeof before)[0]);
    });
    storeGroups(state);
  }
  return losses;
}
