import { type AssignPrototypes, largestLayer } from './strategy.ts';

/**
 * A vector of floor(N * ratio) + 1 values, N the size of the largest layer, is repeated through every layer
 * (Bai et al., NeurIPS 2022, section 3.2); it is never longer than the largest layer, which could not read the rest.
 */
export const randomVector: AssignPrototypes = (layers, { ratio }) => {
  const owner = largestLayer(layers);
  const largest = layers[owner]?.size ?? 0;
  const length = Math.min(Math.floor(largest * ratio) + 1, largest);
  return layers.map(() => ({ owner, length }));
};
