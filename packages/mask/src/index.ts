export { type BakeOptions, bake } from './bake.ts';
export type { EdgePopupOptions } from './learners/edge-popup.ts';
export type { Alphabet, Learner, LearnerContext } from './learners/learner.ts';
export {
  type LearnerName,
  type LearnerOptions,
  learnerNames,
  registerLearner,
} from './learners/registry.ts';
export type { SignedOptions } from './learners/signed.ts';
export type { SupermaskOptions } from './learners/supermask.ts';
export type { ThresholdOptions } from './learners/threshold.ts';
export { type LayerFilter, type MaskOptions, maskModel } from './mask-model.ts';
export { setTrainingStep } from './training-step.ts';
