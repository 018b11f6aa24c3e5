import type { AssignPrototypes } from './strategy.ts';

/** Layers of equal shape share the prototype of the first of them (Bai et al., NeurIPS 2022, section 3.2). */
export const oneLayer: AssignPrototypes = (layers) => {
  const first = new Map<string, number>();
  return layers.map(({ shape, size }, index) => {
    const key = shape.join('x');
    const owner = first.get(key) ?? index;
    first.set(key, owner);
    return { owner, length: size };
  });
};
