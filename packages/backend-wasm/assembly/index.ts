// The kernels. Each works on units [begin, end) of its work, so that threads can share it, and may use
// `scratch`, memory of the calling thread alone.
export {
  batchApply, batchFactors, batchGradApply, batchGradJoin, batchGradSums, batchJoin, batchMoments,
} from './batch-norm';
export { conv, convFilterGrad, convInputGrad } from './conv';
export { depthwise, depthwiseFilterGrad } from './depthwise';
export { gemm, packPanels } from './gemm';
export { layerNorm, layerNormGrad } from './layer-norm';
export { softmaxCrossEntropy } from './loss';
export { adamW, binary, gelu, geluGrad, sgdMomentum, unary } from './pointwise';
export { maxPoolGrad } from './pool';
export { spreadRows, sumParts, sumRows, sumRuns } from './reduce';
export { keepTopK } from './top-k';
