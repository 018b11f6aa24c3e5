import type { TrainConfig } from './schema.ts';

/** Sizes of a model when nothing is said: small enough for one processor. */
export function modelDefaults(model: TrainConfig['model']): Partial<TrainConfig> {
  if (model === 'convmixer') return { dim: 64, depth: 4, kernelSize: 5, patchSize: 2 };
  if (model === 'vit') return { dim: 64, depth: 4, heads: 4, patchSize: 4, mlpRatio: 2 };
  if (model === 'nin') return { width: 192 };
  return { width: model === 'resnet18' || model.startsWith('vgg') ? 64 : 16 };
}

/** Peak learning rate when none is said. */
export function defaultLearningRate({ optimizer, method }: TrainConfig): number {
  if (optimizer === 'sgd') return 0.1;
  return method === 'mask' ? 0.02 : 0.01;
}

/**
 * Distribution of the prototype when none is said: signed and ternary masks read its magnitudes alone, so they get one that has
 * many; for the others signs and one magnitude train best.
 */
export function defaultDistribution({ learner }: TrainConfig): TrainConfig['distribution'] {
  return learner === 'signed' || learner === 'ternary' ? 'kaiming-normal' : 'signed-constant';
}
