import type * as tf from '@tensorflow/tfjs';
import { type ConvMixerOptions, convMixer } from './conv-mixer.ts';
import { type NinOptions, nin } from './nin.ts';
import {
  type ResNet18Options,
  type ResNetDepth,
  type ResNetOptions,
  resNet,
  resNet18,
} from './resnet.ts';
import { type VggDepth, type VggOptions, vgg } from './vgg.ts';
import { type VitOptions, vit } from './vit.ts';

/** The options each model takes, by the model's name. */
export interface ModelOptions {
  convmixer: ConvMixerOptions;
  vit: VitOptions;
  resnet20: Omit<ResNetOptions, 'depth'>;
  resnet32: Omit<ResNetOptions, 'depth'>;
  resnet44: Omit<ResNetOptions, 'depth'>;
  resnet56: Omit<ResNetOptions, 'depth'>;
  resnet110: Omit<ResNetOptions, 'depth'>;
  resnet18: ResNet18Options;
  nin: NinOptions;
  vgg11: Omit<VggOptions, 'depth'>;
  vgg13: Omit<VggOptions, 'depth'>;
  vgg16: Omit<VggOptions, 'depth'>;
  vgg19: Omit<VggOptions, 'depth'>;
}

/** A name that {@link createModel} knows. */
export type ModelName = keyof ModelOptions;

type Builders = { readonly [Name in ModelName]: (options: ModelOptions[Name]) => tf.LayersModel };

const resNetOfDepth = (depth: ResNetDepth) => (options: Omit<ResNetOptions, 'depth'>) =>
  resNet({ ...options, depth });

const vggOfDepth = (depth: VggDepth) => (options: Omit<VggOptions, 'depth'>) =>
  vgg({ ...options, depth });

const builders: Builders = {
  convmixer: convMixer,
  vit,
  resnet20: resNetOfDepth(20),
  resnet32: resNetOfDepth(32),
  resnet44: resNetOfDepth(44),
  resnet56: resNetOfDepth(56),
  resnet110: resNetOfDepth(110),
  resnet18: resNet18,
  nin,
  vgg11: vggOfDepth(11),
  vgg13: vggOfDepth(13),
  vgg16: vggOfDepth(16),
  vgg19: vggOfDepth(19),
};

/** Every name that {@link createModel} knows. */
export const modelNames: readonly ModelName[] = Object.keys(builders) as ModelName[];

/**
 * Builds a model by its name, for command lines and configuration files.
 *
 * @param name One of {@link modelNames}.
 * @param options The options of that model's own function.
 * @returns A model from [batch, height, width, channels] to logits [batch, classes].
 * @throws RangeError when the name is unknown or an option out of range.
 * @example
 * countParameters(createModel('resnet20', { classes: 100 })); // 275572
 */
export function createModel<Name extends ModelName>(
  name: Name,
  options: ModelOptions[Name],
): tf.LayersModel {
  if (!modelNames.includes(name)) {
    throw new RangeError(
      `createModel: expected one of ${modelNames.join(', ')}, found ${JSON.stringify(name)}; choose a name from modelNames.`,
    );
  }
  return builders[name](options);
}
