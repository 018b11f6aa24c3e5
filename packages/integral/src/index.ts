export { areaMatrix, basisMatrix, type SparseMatrix, toDense } from './interpolation/basis.ts';
export { basisTensor, evaluate } from './interpolation/evaluate.ts';
export {
  type Alignment,
  type Boundary,
  type InterpolationKernel,
  type InterpolationOptions,
  parity,
} from './interpolation/kernels.ts';
export {
  type Budget,
  type Compression,
  compressionOf,
  resizeToBudget,
} from './model/budget.ts';
export { extract } from './model/extract.ts';
export type { Coefficients } from './model/fit.ts';
export { foldBatchNorm } from './model/fold.ts';
export type { GroupPartition } from './model/group.ts';
export { type ChannelOrder, channelOrders } from './model/order.ts';
export { fitLeastSquares, type LeastSquaresOptions } from './model/repair/least-squares.ts';
export { recalibrate } from './model/repair/recalibrate.ts';
export { rescale } from './model/repair/rescale.ts';
export type { ConversionReport, GroupReport } from './model/report.ts';
export {
  type IntegralGroupInfo,
  integralGroups,
  type PartitionChoice,
  resetGrids,
  resize,
  type Sizes,
  setPartition,
} from './model/resize.ts';
export { type IntegralOptions, integralReport, toIntegral } from './model/to-integral.ts';
export {
  type IntegralStepOptions,
  type IntegralStepResult,
  integralStep,
  type Loss,
  type TrainingBatch,
} from './model/train.ts';
export { type TuneOptions, tunePartitions } from './model/tune.ts';
export { drawWidth, type WidthOptions } from './model/widths.ts';
export {
  compositePartition,
  type JitterOptions,
  jitterPartition,
  type PartitionPart,
  selectedPartition,
  uniformPartition,
} from './partition/fixed.ts';
export {
  type RandomSizeOptions,
  randomSize,
  type SizeDistribution,
  sizeDistributions,
} from './partition/sizes.ts';
export { deltasOf, sharedPositions, trainablePositions } from './partition/trainable.ts';
export {
  type IntegrateOptions,
  type IntegrateSamplesOptions,
  integrate,
  integrateSamples,
} from './quadrature/integrate.ts';
export { type QuadratureName, quadrature, quadratureNames } from './quadrature/registry.ts';
export type { Quadrature } from './quadrature/types.ts';
