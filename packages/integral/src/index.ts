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
