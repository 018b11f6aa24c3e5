import { requireCount, requireNodes } from '../arguments.ts';
import type { Quadrature } from './types.ts';

interface Rule {
  nodes: Float64Array;
  weights: Float64Array;
}

const rules = new Map<number, Rule>();

/** Legendre's polynomial of degree n and its derivative at x, by the three-term recurrence. */
function legendre(n: number, x: number): [value: number, derivative: number] {
  let before = 1;
  let value = x;
  for (let k = 2; k <= n; k++) {
    [before, value] = [value, ((2 * k - 1) * x * value - (k - 1) * before) / k];
  }
  return [value, (n * (x * value - before)) / (x * x - 1)];
}

/** Roots by Newton's method from Tricomi's estimate (Hale & Townsend, SIAM J. Sci. Comput. 35, 2013, section 2). */
function rule(count: number): Rule {
  const known = rules.get(count);
  if (known !== undefined) return known;
  const nodes = new Float64Array(count);
  const weights = new Float64Array(count);
  for (let i = 0; i < (count + 1) >> 1; i++) {
    let x = Math.cos((Math.PI * (i + 0.75)) / (count + 0.5));
    for (let step = 0; step < 20; step++) {
      const [value, derivative] = legendre(count, x);
      const move = value / derivative;
      x -= move;
      if (Math.abs(move) < 1e-15) break;
    }
    if (2 * i + 1 === count) x = 0;
    const [, derivative] = count === 1 ? [0, 1] : legendre(count, x);
    // Half the weight on [-1, 1].
    const weight = 1 / ((1 - x * x) * derivative * derivative);
    nodes[i] = (1 - x) / 2;
    nodes[count - 1 - i] = (1 + x) / 2;
    weights[i] = weight;
    weights[count - 1 - i] = weight;
  }
  const made = { nodes, weights };
  rules.set(count, made);
  return made;
}

/** Gauss-Legendre quadrature: exact for polynomials of degree 2 n - 1, with nodes and weights of its own. */
export const gaussLegendre: Quadrature = {
  name: 'gauss-legendre',
  nodes(count) {
    requireCount('gauss-legendre', 'the number of nodes', count);
    return rule(count).nodes.slice();
  },
  /** @throws RangeError When the nodes are not those of the rule. */
  weights(nodes) {
    requireNodes('gauss-legendre', nodes);
    const own = rule(nodes.length);
    const far = own.nodes.findIndex((node, i) => Math.abs(node - nodes[i]!) > 1e-6);
    if (far >= 0) {
      throw new RangeError(
        `gauss-legendre: node ${far} is ${nodes[far]}, the rule's is ${own.nodes[far]}; its weights hold at its own nodes alone: take those, or another quadrature.`,
      );
    }
    return own.weights.slice();
  },
};
