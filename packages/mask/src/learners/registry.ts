import { edgePopup } from './edge-popup.ts';
import { learnedKeep } from './learned-keep.ts';
import type { Learner } from './learner.ts';
import { signed } from './signed.ts';
import { supermask } from './supermask.ts';
import { ternary } from './ternary.ts';
import { threshold } from './threshold.ts';

/** The learners that come with the package. */
export type LearnerName =
  | 'edge-popup'
  | 'supermask'
  | 'threshold'
  | 'signed'
  | 'ternary'
  | 'learned-keep';

/** A learner's name and its options. */
export type LearnerOptions = { name: LearnerName | (string & {}) } & Record<string, unknown>;

/** A learner with its options completed, as a masked layer holds it. */
export interface ChosenLearner {
  readonly learner: Learner;
  readonly options: object;
}

const learners = new Map<string, Learner>();

/**
 * Makes a learner known by its name, for `maskModel` and for loading models that were saved with it.
 * @param learner The learner; its name must be new.
 * @throws Error When the name is taken.
 * @example
 * registerLearner({
 *   name: 'all',
 *   alphabet: 'binary',
 *   options: () => ({}),
 *   mask: (scores) => tf.onesLike(scores),
 *   gradient: (upstream) => tf.zerosLike(upstream),
 * });
 * learnerNames().includes('all'); // true
 */
export function registerLearner<Options extends object>(learner: Learner<Options>): void {
  if (learners.has(learner.name)) {
    throw new Error(
      `registerLearner: there is a learner '${learner.name}' already; choose another name.`,
    );
  }
  learners.set(learner.name, learner as unknown as Learner);
}

for (const learner of [edgePopup, supermask, threshold, signed, ternary, learnedKeep]) {
  registerLearner(learner as Learner<never>);
}

/** The names of every learner there is, the user's own included. * @returns The names, in the order they were registered.
 * @example
 * learnerNames().slice(0, 4); // [ 'edge-popup', 'supermask', 'threshold', 'signed' ]
 */
export function learnerNames(): string[] {
  return [...learners.keys()];
}

/** Looks a learner up and completes its options. */
export function chooseLearner(wanted: string | LearnerOptions): ChosenLearner {
  const { name, ...given } = typeof wanted === 'string' ? { name: wanted } : wanted;
  const learner = learners.get(name);
  if (learner === undefined) {
    throw new RangeError(
      `maskModel: there is no learner '${String(name)}'; choose one of ${learnerNames().join(', ')}, ` +
        'or make your own known with registerLearner.',
    );
  }
  return { learner, options: learner.options(given) };
}
