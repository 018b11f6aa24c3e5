import type { LayerFill } from '@pleat/prototype';
import type { LearnerOptions } from '../learners/registry.ts';
import type { Scheduled } from '../schedule.ts';
import type { Freeze } from './frozen.ts';
import type { Scales } from './scales.ts';

/** One masked kernel of a layer: which fixed values it has and which score stream it starts from. */
export interface KernelMasking {
  /** The layer's own name of the weight, e.g. `kernel` or `depthwise_kernel`. */
  weight: string;
  /** Position among the model's masked kernels: names the random streams, whatever the layers are called. */
  index: number;
  fill: LayerFill;
  fanIn: number;
  /** True when the values came from the user: they are then a weight of the layer and travel with it. */
  given: boolean;
  /** Index of the kernel this one is folded into: it has the scores. */
  owner?: number;
}

/** All that a masked layer adds to the config of its stock layer; plain JSON, enough to rebuild it alone. */
export interface LayerMasking {
  kernels: KernelMasking[];
  learner: LearnerOptions;
  /** Seed of score initialisation and of random learners. */
  seed: number;
  /** Half-width of the uniform score initialisation, times 1 / sqrt(fan-in). */
  scoreScale: number;
  /** The masked kernels of one model select together (global top-k): the model's name and their number. */
  group: { id: string; size: number };
  /** What follows is absent where it is not used. */
  freeze?: Freeze;
  scales?: Scales;
  /** Reach of the uniform noise on scores in training, as a share of their first half-width. */
  noise?: Scheduled;
  /** Whether the straight-through gradient is multiplied by |w| once more. */
  scoreGradient?: 'plain' | 'magnitude';
}

/** The form in which it rides in a layer's config. */
export interface PackedMasking {
  name: string;
}

/**
 * tfjs re-spells every string of a saved config (snake_case and back) except those under the key `name`; so the masking
 * travels as one JSON string there.
 */
export function packMasking(masking: LayerMasking): PackedMasking {
  return { name: JSON.stringify(masking) };
}

/** The inverse of packMasking; checks only what would otherwise fail obscurely. */
export function unpackMasking(layer: string, packed: unknown): LayerMasking {
  const text = (packed as PackedMasking | undefined)?.name;
  try {
    const masking = JSON.parse(text as string) as LayerMasking;
    if (Array.isArray(masking.kernels) && typeof masking.learner.name === 'string') return masking;
  } catch {
    // Falls through to the one error below: what is wrong with the text does not help the reader.
  }
  throw new Error(
    `Masked layer '${layer}': its config has no readable 'masking'; masked layers are made by maskModel, not by hand.`,
  );
}
