import type { AssignPrototypes } from './strategy.ts';

/** Every layer has a prototype of its own (plain edge-popup, Ramanujan et al., CVPR 2020). */
export const full: AssignPrototypes = (layers) =>
  layers.map(({ size }, owner) => ({ owner, length: size }));
