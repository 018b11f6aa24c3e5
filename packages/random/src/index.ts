export { fillBits, fillNormal, fillSign, fillUniform } from './fill.ts';
export { permutation } from './permutation.ts';
export { philox4x32 } from './philox.ts';
export type { Rng } from './rng.ts';
export { rng } from './rng.ts';
export type { Stream } from './stream.ts';
export { stream, substream } from './stream.ts';
