// The kernels. Each works on units [begin, end) of its work, so that threads can share it, and may use
// `scratch`, memory of the calling thread alone.
export { conv, convFilterGrad, convInputGrad } from './conv';
export { depthwise, depthwiseFilterGrad } from './depthwise';
export { gemm, packPanels } from './gemm';
export { softmaxCrossEntropy, topKMask } from './loss';
export {
  batchApply, batchFactors, batchGradApply, batchGradJoin, batchGradSums, batchJoin, batchMoments,
  layerNorm, layerNormGrad,
} from './norm';
export { adamW, binary, gelu, geluGrad, sgdMomentum, unary } from './pointwise';
export { maxPoolGrad } from './pool';
export { spreadRows, sumParts, sumRows, sumRuns } from './reduce';
