import { onlyOptions } from '@pleat/ops';
import type { PrototypeOptions } from '@pleat/prototype';
import type { PrototypeValues } from './fills.ts';
import type { Fold } from './fold.ts';
import type { Freeze } from './layers/frozen.ts';
import type { LayerMasking } from './layers/masking.ts';
import type { ScalePrecision, Scales } from './layers/scales.ts';
import { chooseLearner, type LearnerName, type LearnerOptions } from './learners/registry.ts';
import { type Scheduled, scheduled } from './schedule.ts';

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
  /**
   * Noise on the scores in training, uniform in +- this share of their first half-width; may move over training (then
   * `setTrainingStep` must be told how many steps there are). Default 0.
   */
  noise?: Scheduled;
  /** `magnitude` multiplies the straight-through gradient dL/dw * w by |w| once more. Default `plain`. */
  scoreGradient?: 'plain' | 'magnitude';
  /** Shares of every kernel whose place in the mask is decided by seed, not learned and not stored. Default none. */
  freeze?: Partial<Freeze>;
  /** Kernels that share prototype and mask, which are then stored once. Default: none do. */
  fold?: Fold;
  /** Trained factors of each kernel or each of its output channels, stored in the file. Default none. */
  scales?: Scales['per'] | { per: Scales['per']; precision?: ScalePrecision };
  /**
   * Whether batch norms have a scale and a shift, which are trained and stored. Default true; with false both are taken off
   * them, whatever their values were.
   */
  affineNorms?: boolean;
  /** Mask only these layers; default all that can be masked. */
  include?: LayerFilter;
  /** Leave these layers as they are. */
  exclude?: LayerFilter;
}

const optionNames = [
  'prototype',
  'values',
  'learner',
  'seed',
  'scoreScale',
  'noise',
  'scoreGradient',
  'freeze',
  'fold',
  'scales',
  'affineNorms',
  'include',
  'exclude',
] as const satisfies (keyof MaskOptions)[];

function refuse(name: string, expected: string, found: unknown): never {
  throw new RangeError(
    `maskModel: ${name} must be ${expected}, got ${JSON.stringify(found) ?? found}.`,
  );
}

function chosenFreeze(freeze: MaskOptions['freeze']): Freeze | undefined {
  if (freeze === undefined) return undefined;
  onlyOptions('maskModel: freeze', freeze, ['kept', 'dropped']);
  const { kept = 0, dropped = 0 } = freeze;
  if (!(kept >= 0 && dropped >= 0 && kept + dropped < 1)) {
    refuse('freeze', 'shares { kept, dropped } of at least 0, together below 1', freeze);
  }
  return kept + dropped > 0 ? { kept, dropped } : undefined;
}

function chosenScales(scales: MaskOptions['scales']): Scales | undefined {
  if (scales === undefined) return undefined;
  const given = typeof scales === 'string' ? { per: scales } : scales;
  onlyOptions('maskModel: scales', given, ['per', 'precision']);
  const { per, precision = 'float16' } = given;
  if (per !== 'layer' && per !== 'channel')
    refuse("scales' per", "'layer' or 'channel'", given.per);
  if (!['float32', 'float16', 'uint8'].includes(precision)) {
    refuse("scales' precision", "'float32', 'float16' or 'uint8'", precision);
  }
  return { per, precision };
}

/** Options that every masked layer holds, checked and completed. */
export function layerOptions(options: MaskOptions): Omit<LayerMasking, 'kernels' | 'group'> {
  onlyOptions('maskModel', options, optionNames);
  const { learner = 'signed', seed = 0, scoreScale = 1, scoreGradient = 'plain' } = options;
  if (!(scoreScale > 0 && scoreScale < Infinity)) {
    refuse('scoreScale', 'a positive number', scoreScale);
  }
  if (scoreGradient !== 'plain' && scoreGradient !== 'magnitude') {
    refuse('scoreGradient', "'plain' or 'magnitude'", scoreGradient);
  }
  const named: LearnerOptions = typeof learner === 'string' ? { name: learner } : learner;
  const atLeast0 = (x: number) => x >= 0 && x < Infinity;
  const noise = scheduled(
    'maskModel: noise',
    options.noise ?? 0,
    atLeast0,
    'a number of 0 or more',
  );
  const chosen = chooseLearner(named).options as { keep?: number; scope?: string; select?: string };
  if (noise !== 0 && chosen.scope === 'global') {
    refuse('noise', "0 with a learner of scope 'global'", noise);
  }
  const freeze = chosenFreeze(options.freeze);
  const selects = named.name === 'edge-popup' || chosen.select === 'keep';
  const { keep = 1 } = chosen;
  if (freeze !== undefined && selects && (freeze.kept > keep || freeze.dropped > 1 - keep)) {
    refuse('freeze', `at most keep (${keep}) kept and ${1 - keep} dropped`, freeze);
  }
  const scales = chosenScales(options.scales);
  return {
    learner: named,
    seed,
    scoreScale,
    ...(freeze && { freeze }),
    ...(scales && { scales }),
    ...(noise !== 0 && { noise }),
    ...(scoreGradient !== 'plain' && { scoreGradient }),
  };
}
