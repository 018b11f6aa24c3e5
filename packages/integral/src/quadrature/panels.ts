import { requireCount } from '../arguments.ts';

/** count nodes from 0 to 1, both included; a single one sits in the middle. */
export function closedNodes(who: string, count: number): Float64Array {
  requireCount(who, 'the number of nodes', count);
  if (count === 1) return Float64Array.of(0.5);
  return Float64Array.from({ length: count }, (_, i) => i / (count - 1));
}

/** Value at x of the Lagrange polynomial that is 1 at nodes[from + j] and 0 at the other nodes of the panel. */
function lagrange(nodes: ArrayLike<number>, from: number, to: number, j: number, x: number) {
  let value = 1;
  for (let i = from; i <= to; i++) {
    if (i !== j) value *= (x - nodes[i]!) / (nodes[j]! - nodes[i]!);
  }
  return value;
}

const gauss = 0.5 / Math.sqrt(3);

/**
 * Adds to `weights` those by which the polynomial through nodes[from..to] (at most four nodes) is integrated over [a, b]:
 * exactly, for Gauss' two points integrate cubics exactly.
 */
export function addPanel(
  weights: Float64Array,
  nodes: ArrayLike<number>,
  [from, to]: readonly [number, number],
  [a, b]: readonly [number, number],
): void {
  const middle = (a + b) / 2;
  const half = b - a;
  for (const x of [middle - half * gauss, middle + half * gauss]) {
    for (let j = from; j <= to; j++) {
      weights[j] = weights[j]! + (half / 2) * lagrange(nodes, from, to, j, x);
    }
  }
}
