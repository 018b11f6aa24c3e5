import type { Strategy } from '../types.ts';
import { full } from './full.ts';
import { maxLayer } from './max-layer.ts';
import { oneLayer } from './one-layer.ts';
import { randomVector } from './random-vector.ts';
import type { AssignPrototypes } from './strategy.ts';

/** Every strategy by its name. */
export const strategies: Readonly<Record<Strategy, AssignPrototypes>> = {
  full,
  'one-layer': oneLayer,
  'max-layer': maxLayer,
  'random-vector': randomVector,
};
