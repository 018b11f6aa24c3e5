export { type ConvMixerOptions, convMixer } from './conv-mixer.ts';
export { countParameters } from './count.ts';
export type { Activation } from './layers.ts';
export { type NinOptions, nin } from './nin.ts';
export { createModel, type ModelName, type ModelOptions, modelNames } from './registry.ts';
export {
  type ResNet18Options,
  type ResNetDepth,
  type ResNetOptions,
  resNet,
  resNet18,
} from './resnet.ts';
export type { Shortcut } from './resnet-blocks.ts';
export { type VggDepth, type VggOptions, vgg } from './vgg.ts';
export { type VitOptions, vit } from './vit.ts';
