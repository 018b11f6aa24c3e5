export type { Slices, SliceWeights } from './distance-matrix.ts';
export { distanceMatrix } from './distance-matrix.ts';
export type { SquareMatrix } from './matrix.ts';
export { solve } from './solve.ts';
export type { TsplibInstance } from './tsplib.ts';
export { parseTsplib, TsplibError } from './tsplib.ts';
export type { SolveOptions, SolveProgress, SolveResult } from './types.ts';
