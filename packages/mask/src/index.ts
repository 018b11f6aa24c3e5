export { type BakeOptions, bake } from './bake.ts';
export { type Calibration, type DecodeOptions, decodeModel } from './file/decode.ts';
export type { MaskForm, StoredSource, TensorForm, WeightForm } from './file/document.ts';
export { type EncodeOptions, encodeModel, type StoredPrecision } from './file/encode.ts';
export { PleatModelError, type PleatModelErrorCode } from './file/errors.ts';
export { type PleatSource, pleatHandler } from './file/handler.ts';
export { inspectModel, type ModelReport, type SectionReport } from './file/inspect.ts';
export type { WeightReport } from './file/inspect-weights.ts';
export type { KeptPrecision } from './file/sparse.ts';
export type { PrototypeValues } from './fills.ts';
export type { Fold, FoldedKernel } from './fold.ts';
export type { Freeze } from './layers/frozen.ts';
export type { ScalePrecision, Scales } from './layers/scales.ts';
export type { EdgePopupOptions } from './learners/edge-popup.ts';
export type { LearnedKeepOptions } from './learners/learned-keep.ts';
export type { Alphabet, Learner, LearnerContext } from './learners/learner.ts';
export {
  type LearnerName,
  type LearnerOptions,
  learnerNames,
  registerLearner,
} from './learners/registry.ts';
export type { SignedOptions } from './learners/signed.ts';
export type { SupermaskOptions } from './learners/supermask.ts';
export type { TernaryOptions } from './learners/ternary.ts';
export type { ThresholdOptions } from './learners/threshold.ts';
export { maskModel } from './mask-model.ts';
export type { LayerFilter, MaskOptions } from './mask-options.ts';
export { recomputeNorms } from './norms.ts';
export { maskBits } from './rate.ts';
export type { Scheduled } from './schedule.ts';
export { isScore } from './scores.ts';
export { setTrainingStep } from './training-step.ts';
