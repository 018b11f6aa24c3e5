export { type BakeOptions, bake } from './bake.ts';
export { decodeModel } from './file/decode.ts';
export type { StoredSource, WeightForm } from './file/document.ts';
export { type EncodeOptions, encodeModel, type StoredPrecision } from './file/encode.ts';
export { PleatModelError, type PleatModelErrorCode } from './file/errors.ts';
export { type PleatSource, pleatHandler } from './file/handler.ts';
export {
  inspectModel,
  type ModelReport,
  type SectionReport,
  type WeightReport,
} from './file/inspect.ts';
export type { PrototypeValues } from './fills.ts';
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
