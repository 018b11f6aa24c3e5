import { type AssignPrototypes, largestLayer } from './strategy.ts';

/** The largest layer's prototype pads every layer (Bai et al., NeurIPS 2022, section 3.2). */
export const maxLayer: AssignPrototypes = (layers) => {
  const owner = largestLayer(layers);
  return layers.map(() => ({ owner, length: layers[owner]!.size }));
};
