import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { decodeContainer, encodeContainer, type Section, type TensorSection } from '@pleat/codec';
import { writeFileAtomic } from '@pleat/codec/node';
import type { OptimizerState } from '@pleat/optim';
import { CliError, errorSentence } from '../cli/errors.ts';
import type { MetricsPosition } from './metrics.ts';

/** The epoch that is kept so far: the best by validation accuracy, or with `select: 'last'` the latest. */
export interface BestEpoch {
  epoch: number;
  accuracy: number;
  loss: number;
}

/** Where a run stands; numbers only, so that it survives JSON exactly. */
export interface TrainState {
  /** Epochs finished. */
  epoch: number;
  /** Batches done of the epoch under way. */
  batch: number;
  /** Steps done in all. */
  step: number;
  /** Sums over the epoch under way. */
  running: { loss: number; correct: number; seen: number };
  best: BestEpoch | null;
  /** Seconds spent training, over all processes. */
  seconds: number;
}

/** One array of numbers with its shape. */
export interface SavedTensor {
  shape: number[];
  values: Float32Array;
}

/** Everything a run needs to go on as if it had never stopped. */
export interface Checkpoint {
  config: Record<string, unknown>;
  state: TrainState;
  metrics: MetricsPosition;
  optimizer: OptimizerState;
  weights: SavedTensor[];
  /** Weights of the best epoch, when those are to be kept. */
  bestWeights: SavedTensor[] | null;
}

interface CheckpointHead extends Pick<Checkpoint, 'config' | 'state' | 'metrics'> {
  formatVersion: number;
  counts: { weights: number; bestWeights: number | null };
  optimizer: { step: number; slots: { name: string; step: number; count: number }[] };
}

const formatVersion = 1;

function tensorSections(prefix: string, tensors: readonly SavedTensor[]): TensorSection[] {
  return tensors.map(({ shape, values }, i) => ({
    kind: 'tensor',
    name: `${prefix}/${i}`,
    shape,
    values,
    coding: 'float32',
  }));
}

/** A checkpoint as the bytes of one container, checksums included. */
function encodeCheckpoint(checkpoint: Checkpoint): Uint8Array {
  const { config, state, metrics, optimizer, weights, bestWeights } = checkpoint;
  const slots = optimizer.slots.map(({ name, step, values }) => ({
    name,
    step,
    count: values.length,
  }));
  const value: CheckpointHead = {
    formatVersion,
    config,
    state,
    metrics,
    optimizer: { step: optimizer.step, slots },
    counts: { weights: weights.length, bestWeights: bestWeights?.length ?? null },
  };
  const sections: Section[] = [
    { kind: 'json', name: 'state', value },
    ...tensorSections('weight', weights),
    ...tensorSections('best', bestWeights ?? []),
    ...optimizer.slots.flatMap(({ values }, i) =>
      tensorSections(
        `slot/${i}`,
        values.map((v) => ({ shape: [v.length], values: v })),
      ),
    ),
  ];
  return encodeContainer(sections, { metadata: { kind: 'pleat-checkpoint' } });
}

/** The checkpoint in a container's bytes; throws what the container's reader throws. */
function decodeCheckpoint(bytes: Uint8Array): Checkpoint {
  const { metadata, sections } = decodeContainer(bytes, { limits: { decodedBytes: 2 ** 40 } });
  const byName = new Map(sections.map((section) => [section.name, section]));
  const head = byName.get('state');
  if (metadata.kind !== 'pleat-checkpoint' || head?.kind !== 'json') {
    throw new Error('it is not a checkpoint');
  }
  const value = head.value as CheckpointHead;
  if (value.formatVersion !== formatVersion) {
    throw new Error(`it has version ${value.formatVersion}, this program reads ${formatVersion}`);
  }
  const tensors = (prefix: string, count: number): SavedTensor[] =>
    Array.from({ length: count }, (_, i) => {
      const section = byName.get(`${prefix}/${i}`);
      if (section?.kind !== 'tensor') throw new Error(`it lacks ${prefix}/${i}`);
      return { shape: section.shape, values: section.values as Float32Array };
    });
  return {
    config: value.config,
    state: value.state,
    metrics: value.metrics,
    optimizer: {
      step: value.optimizer.step,
      slots: value.optimizer.slots.map(({ name, step, count }, i) => ({
        name,
        step,
        values: tensors(`slot/${i}`, count).map(({ values }) => values),
      })),
    },
    weights: tensors('weight', value.counts.weights),
    bestWeights:
      value.counts.bestWeights === null ? null : tensors('best', value.counts.bestWeights),
  };
}

/** Writes a checkpoint whole or not at all: a kill at any moment leaves the one before. */
export async function saveCheckpoint(path: string, checkpoint: Checkpoint): Promise<void> {
  await writeFileAtomic(path, encodeCheckpoint(checkpoint));
}

/**
 * The checkpoint of a run, or undefined when none was written yet.
 *
 * @throws CliError when the file is damaged
 */
export async function loadCheckpoint(path: string): Promise<Checkpoint | undefined> {
  if (!existsSync(path)) return undefined;
  const bytes = await readFile(path);
  try {
    return decodeCheckpoint(bytes);
  } catch (error) {
    throw new CliError(
      `The checkpoint ${path} is damaged (${errorSentence(error).replace(/\.$/, '')}); start the run anew with --overwrite.`,
      { cause: error },
    );
  }
}
