import { requireCount, requireNodes } from '../arguments.ts';
import type { Quadrature } from './types.ts';

/**
 * The composite midpoint (Riemann) rule: each node stands for the cell that is nearer to it than to any other node.
 *
 * Its own nodes are the centres of equal cells; error O(h^2), every weight 1 / n.
 */
export const midpoint: Quadrature = {
  name: 'midpoint',
  nodes(count) {
    requireCount('midpoint', 'the number of nodes', count);
    return Float64Array.from({ length: count }, (_, i) => (i + 0.5) / count);
  },
  weights(nodes) {
    requireNodes('midpoint', nodes);
    return cellWeights(nodes);
  },
};

/** The lengths of the cells around nodes that ascend, be it not strictly. */
export function cellWeights(nodes: ArrayLike<number>): Float64Array {
  const edge = (i: number): number => {
    if (i === 0) return 0;
    return i === nodes.length ? 1 : (nodes[i - 1]! + nodes[i]!) / 2;
  };
  return Float64Array.from({ length: nodes.length }, (_, i) => edge(i + 1) - edge(i));
}
