import { requireNodes } from '../arguments.ts';
import { addPanel, closedNodes } from './panels.ts';
import type { Quadrature } from './types.ts';

/**
 * The composite trapezoid rule: the integral of the line from node to node, the first and last line running on to 0 and 1.
 *
 * Its own nodes are equally spaced and include 0 and 1; error O(h^2), for any nodes exact on straight lines.
 */
export const trapezoid: Quadrature = {
  name: 'trapezoid',
  nodes: (count) => closedNodes('trapezoid', count),
  weights(nodes) {
    requireNodes('trapezoid', nodes);
    const last = nodes.length - 1;
    if (last === 0) return Float64Array.of(1);
    const weights = new Float64Array(nodes.length);
    for (let i = 0; i < last; i++) {
      const span = [i === 0 ? 0 : nodes[i]!, i + 1 === last ? 1 : nodes[i + 1]!] as const;
      addPanel(weights, nodes, [i, i + 1], span);
    }
    return weights;
  },
};
