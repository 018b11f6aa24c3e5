export { describe, onlyOptions, requireModel } from './arguments.ts';
export { attention } from './attention.ts';
export { batchNormInfer, batchNormTrain } from './batch-norm.ts';
export { softmaxCrossEntropy } from './cross-entropy.ts';
export { distillationLoss } from './distillation.ts';
export { gelu } from './gelu.ts';
export { globalAveragePool } from './global-average-pool.ts';
export {
  hasKernel,
  type KernelAttributes,
  type KernelContract,
  type KernelInputs,
  type KernelName,
  kernelNames,
  PleatAdamW,
  PleatAttention,
  PleatAttentionGrad,
  PleatBatchNormTrain,
  PleatBatchNormTrainGrad,
  PleatGelu,
  PleatGeluGrad,
  PleatGlobalAveragePool,
  PleatGlobalAveragePoolGrad,
  PleatKeepTopK,
  PleatLayerNorm,
  PleatLayerNormGrad,
  PleatSgdMomentum,
  PleatSoftmaxCrossEntropy,
  PleatTopKMask,
  runKernel,
} from './kernels.ts';
export { layerNorm } from './layer-norm.ts';
export type { Initializer, InitializerLike, LayerArguments } from './layers/base.ts';
export { type BatchNormOptions, batchNorm, PleatBatchNormLayer } from './layers/batch-norm.ts';
export { type GeluOptions, geluLayer, PleatGeluLayer } from './layers/gelu.ts';
export {
  globalAveragePoolLayer,
  PleatGlobalAveragePoolLayer,
} from './layers/global-average-pool.ts';
export { type LayerNormOptions, layerNormLayer, PleatLayerNormLayer } from './layers/layer-norm.ts';
export {
  type MultiHeadAttentionOptions,
  multiHeadAttentionLayer,
  PleatMultiHeadAttentionLayer,
} from './layers/multi-head-attention.ts';
export {
  type PixelShuffleOptions,
  PleatPixelShuffleLayer,
  pixelShuffleLayer,
} from './layers/pixel-shuffle.ts';
export {
  classTokenLayer,
  type EmbeddingOptions,
  firstTokenLayer,
  PleatClassTokenLayer,
  PleatFirstTokenLayer,
  PleatPositionEmbeddingLayer,
  positionEmbeddingLayer,
} from './layers/tokens.ts';
export {
  type ListKernelContract,
  type ListKernelName,
  listKernelNames,
  PleatFusedAdam,
  PleatFusedSgd,
  PleatMoveTowards,
  runListKernel,
} from './list-kernels.ts';
export {
  type LayerTransform,
  modelFromConfig,
  rebuildModel,
  type SerializedLayer,
} from './models/rebuild.ts';
export { isModel, type LayerPlace, layerPlaces, wrappedLayer } from './models/walk.ts';
export { copyWeights, type WeightValue, weightName } from './models/weights.ts';
export { type AttentionWeights, multiHeadAttention } from './multi-head-attention.ts';
export { pixelShuffle } from './pixel-shuffle.ts';
export { selectTopK } from './select-top-k.ts';
export { type LayerConfig, toStandardLayer } from './standard.ts';
export { keepTopK, type TopKOptions, topKMask } from './top-k.ts';
export { TopKMemory } from './top-k-memory.ts';
