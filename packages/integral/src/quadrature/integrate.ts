import * as tf from '@tensorflow/tfjs';
import { onlyOptions, requireCount } from '../arguments.ts';
import { type QuadratureName, quadrature } from './registry.ts';

/** How a function is integrated. */
export interface IntegrateOptions {
  /** The rule, one for all dims or one for each. Default `gauss-legendre`. */
  quadrature?: QuadratureName | readonly QuadratureName[];
  /** Nodes along each dim, one number for all or one for each. Default 17. */
  nodes?: number | readonly number[];
  /** [from, to] of each dim; its length says how many dims there are. Default [[0, 1]]. */
  domain?: readonly (readonly [number, number])[];
}

/** How samples in a tensor are integrated. */
export interface IntegrateSamplesOptions {
  /** The rule. Default `trapezoid`. */
  quadrature?: QuadratureName;
  /** Axes of samples, integrated over; the others stay. Default all. */
  axes?: readonly number[];
  /** Where the samples were taken in [0, 1], for each axis. Default the rule's own nodes. */
  nodes?: readonly ArrayLike<number>[];
}

const each = <T>(value: T | readonly T[], dims: number): readonly T[] =>
  Array.isArray(value) ? (value as readonly T[]) : Array.from({ length: dims }, () => value as T);

/**
 * Integrates a function over a box of any number of dims by a product rule.
 * @param f The function of `domain.length` numbers.
 * @param options Rule, nodes a dim, and the box.
 * @returns The integral; the number of calls is the product of the nodes.
 * @throws RangeError When an option is none of those, or the lengths of lists differ from the number of dims.
 * @example
 * integrate((x, y) => x * y, { domain: [[0, 1], [0, 2]] }); // 1
 */
export function integrate(f: (...x: number[]) => number, options: IntegrateOptions = {}): number {
  onlyOptions('integrate', options, ['quadrature', 'nodes', 'domain']);
  const { domain = [[0, 1]] } = options;
  const names = each(options.quadrature ?? 'gauss-legendre', domain.length);
  const counts = each(options.nodes ?? 17, domain.length);
  if (names.length !== domain.length || counts.length !== domain.length) {
    throw new RangeError(
      `integrate: the domain has ${domain.length} dims, but there are ${names.length} quadratures and ${counts.length} numbers of nodes; give one for all or one for each.`,
    );
  }
  const axes = domain.map(([from, to], dim) => {
    const rule = quadrature(names[dim]!);
    const nodes = rule.nodes(requireCount('integrate', 'nodes', counts[dim]));
    const weights = rule.weights(nodes).map((weight) => weight * (to - from));
    return { points: nodes.map((node) => from + (to - from) * node), weights };
  });
  const point = new Array<number>(domain.length).fill(0);
  const over = (dim: number): number => {
    const axis = axes[dim];
    if (axis === undefined) return f(...point);
    let sum = 0;
    for (let i = 0; i < axis.points.length; i++) {
      point[dim] = axis.points[i]!;
      sum += axis.weights[i]! * over(dim + 1);
    }
    return sum;
  };
  return over(0);
}

/**
 * Integrates samples of a function along axes of a tensor; the gradient flows to the samples.
 * @param samples Values at the nodes, any rank.
 * @param options Rule, axes, and where the samples were taken.
 * @returns The tensor without the integrated axes.
 * @throws RangeError When an axis is not there, or nodes do not fit it.
 * @example
 * const x = tf.tensor1d([0, 0.5, 1]);
 * integrateSamples(x.square(), { quadrature: 'simpson' }).print(); // 0.3333333
 */
export function integrateSamples(
  samples: tf.Tensor,
  options: IntegrateSamplesOptions = {},
): tf.Tensor {
  onlyOptions('integrateSamples', options, ['quadrature', 'axes', 'nodes']);
  const { quadrature: name = 'trapezoid' } = options;
  const axes = tf.util.parseAxisParam([...(options.axes ?? samples.shape.keys())], samples.shape);
  const { nodes: given } = options;
  if (given !== undefined && given.length !== axes.length) {
    throw new RangeError(
      `integrateSamples: ${axes.length} axes are integrated, but nodes are given for ${given.length}; give them for each.`,
    );
  }
  return tf.tidy(() => {
    let product: tf.Tensor = samples;
    axes.forEach((axis, i) => {
      const rule = quadrature(name);
      const size = samples.shape[axis]!;
      const nodes = given?.[i] ?? rule.nodes(size);
      if (nodes.length !== size) {
        throw new RangeError(
          `integrateSamples: axis ${axis} has ${size} samples and ${nodes.length} nodes; give one for each.`,
        );
      }
      const shape = samples.shape.map((_, j) => (j === axis ? size : 1));
      product = product.mul(tf.tensor(Float32Array.from(rule.weights(nodes)), shape));
    });
    return product.sum(axes);
  });
}
