import { requireName } from '../arguments.ts';
import { gaussLegendre } from './gauss-legendre.ts';
import { midpoint } from './midpoint.ts';
import { simpson } from './simpson.ts';
import { trapezoid } from './trapezoid.ts';
import type { Quadrature } from './types.ts';

/** A quadrature by name; `midpoint` is the Riemann sum over cells. */
export type QuadratureName = 'midpoint' | 'trapezoid' | 'simpson' | 'gauss-legendre';

const quadratures: Readonly<Record<QuadratureName, Quadrature>> = {
  midpoint,
  trapezoid,
  simpson,
  'gauss-legendre': gaussLegendre,
};

/** Every quadrature there is. */
export const quadratureNames: readonly QuadratureName[] = Object.keys(
  quadratures,
) as QuadratureName[];

/**
 * The quadrature of a name.
 * @param name One of `quadratureNames`.
 * @returns The rule: its own nodes for a count, and weights for nodes.
 * @throws RangeError When the name is none of them.
 * @example
 * const { nodes, weights } = quadrature('simpson');
 * weights(nodes(3)); // 1/6, 4/6, 1/6
 */
export function quadrature(name: QuadratureName): Quadrature {
  return quadratures[requireName('quadrature', 'the name', name, quadratureNames)];
}
