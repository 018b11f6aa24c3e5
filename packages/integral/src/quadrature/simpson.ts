import { requireNodes } from '../arguments.ts';
import { addPanel, closedNodes } from './panels.ts';
import { trapezoid } from './trapezoid.ts';
import type { Quadrature } from './types.ts';

/**
 * The composite Simpson rule: the integral of the parabola through each three nodes.
 *
 * An even number of nodes ends on the cubic through the last four: Simpson's 3/8 rule where they are equally spaced. Nodes
 * may be uneven, and need not reach 0 and 1, where the first and last polynomial run on. Its own nodes are equally spaced
 * and include 0 and 1; error O(h^4).
 */
export const simpson: Quadrature = {
  name: 'simpson',
  nodes: (count) => closedNodes('simpson', count),
  weights(nodes) {
    requireNodes('simpson', nodes);
    const last = nodes.length - 1;
    if (last < 2) return trapezoid.weights(nodes);
    const weights = new Float64Array(nodes.length);
    for (let from = 0; from < last; ) {
      const to = last - from === 3 ? last : from + 2;
      const span = [from === 0 ? 0 : nodes[from]!, to === last ? 1 : nodes[to]!] as const;
      addPanel(weights, nodes, [from, to], span);
      from = to;
    }
    return weights;
  },
};
