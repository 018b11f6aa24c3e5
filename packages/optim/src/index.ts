export { AdamOptimizer, type AdamOptions, adam } from './adam.ts';
export { AdamWOptimizer, type AdamWOptions, adamw } from './adamw.ts';
export { clipByGlobalNorm } from './clip.ts';
export { ConstrainedOptimizer, constrain } from './constraints/constrain.ts';
export type { Constraint, InnerStep } from './constraints/constraint.ts';
export { pruned } from './constraints/pruned.ts';
export {
  type BinaryOptions,
  binary,
  type TernaryOptions,
  ternary,
} from './constraints/quantized.ts';
export { type DecayFilter, decaysByDefault } from './decay.ts';
export { frugalGrads, type VariableGrads } from './frugal.ts';
export { MomentOptimizer, type MomentOptions } from './moments.ts';
export {
  constant,
  cosine,
  linear,
  oneCycle,
  piecewiseLinear,
  polynomial,
  type Schedule,
  stepDecay,
  triangular,
} from './schedules.ts';
export { SgdOptimizer, type SgdOptions, sgd } from './sgd.ts';
export { SlotOptimizer, type SlotOptions, type Turn, type Update } from './slot-optimizer.ts';
export type { OptimizerState, SlotState } from './state.ts';
