import type { SlotRole } from '@pleat/channels';
import type * as tf from '@tensorflow/tfjs';
import type { Follower, WeightSampler } from '../layers/sampled-weight.ts';
import { type AxisPart, AxisSampler } from './axis.ts';
import { followerOf } from './follower.ts';
import { type Factor, multiplyFixed } from './multiply.ts';

/** One axis of a weight with the ways its channels are divided: heads, and the dims within them, divide the same axis. */
export interface AxisDivisions {
  axis: number;
  divisions: AxisPart[][];
}

/** Samples a weight along every axis that has channels of a group. */
export class GridSampler implements WeightSampler {
  readonly #axes: readonly { axis: number; divisions: readonly AxisSampler[] }[];

  constructor(axes: readonly AxisDivisions[]) {
    this.#axes = axes.map(({ axis, divisions }) => ({
      axis,
      divisions: divisions
        .map((parts) => new AxisSampler(axis, parts))
        .sort((a, b) => Number(b.flat) - Number(a.flat)),
    }));
  }

  get whole(): boolean {
    return this.#axes.every(({ divisions }) => divisions.every(({ whole }) => whole));
  }

  sample(coefficients: tf.Tensor): tf.Tensor {
    const shape = [...coefficients.shape];
    const fixed: Factor[] = [];
    const others = this.#active().filter((axis) => {
      const factor = axis.fixed([...shape]);
      if (factor === null) return true;
      fixed.push(factor);
      shape.splice(0, shape.length, ...factor.to);
      return false;
    });
    const first = fixed.length > 0 ? multiplyFixed(coefficients, fixed) : coefficients;
    return others.reduce((x, axis) => axis.sample(x), first);
  }

  follower(): Follower {
    const [axis] = this.#active();
    return followerOf(axis as AxisSampler);
  }

  nearness(): tf.Tensor2D {
    const [axis] = this.#active();
    return (axis as AxisSampler).tensor('positive');
  }

  /** The sampled shape for coefficients of a shape. */
  shape(coefficients: readonly number[]): number[] {
    const shape = [...coefficients];
    for (const axis of this.#active()) {
      shape[axis.axis] = axis.lengthFrom(shape[axis.axis] as number);
    }
    return shape;
  }

  /** The axis on which a weight plays a role, as it is sampled now; undefined where it has none. */
  axisOf(role: SlotRole): AxisSampler | undefined {
    const moving = this.#active();
    const all = this.#axes.map(
      ({ axis, divisions }) => moving.find((each) => each.axis === axis) ?? divisions[0],
    );
    return all.find((each) => each?.parts.every(({ slot }) => slot.role === role));
  }

  /** The same over a plain array; the axis `but` is left as it is. */
  sampleArray(
    coefficients: Float32Array,
    from: readonly number[],
    but?: AxisSampler,
  ): Float32Array {
    const shape = [...from];
    let values = coefficients;
    // What shrinks most goes first: the less is left for the others.
    const active = this.#active().filter((axis) => axis !== but);
    const [first, last] = active.sort((a, b) => a.axis - b.axis);
    const both = active.length === 2 && active.every(({ flat }) => flat);
    if (both && last?.axis === from.length - 1 && first?.axis === from.length - 2) {
      return first.sampleTwo(coefficients, from, last);
    }
    // Of one axis both ways have one ratio, and stay in their order.
    const ratios = this.shape(from).map((size, axis) => size / (from[axis] as number));
    const axes = active.sort((a, b) => (ratios[a.axis] ?? 1) - (ratios[b.axis] ?? 1));
    for (const axis of axes) {
      values = axis.sampleArray(values, shape);
      shape[axis.axis] = axis.lengthFrom(shape[axis.axis] as number);
    }
    return values;
  }

  /** The coefficients whose samples come nearest to a plain weight, in the sum of squares, axis by axis. */
  fitArray(weight: Float32Array, from: readonly number[]): Float32Array {
    const shape = [...from];
    let values = Float64Array.from(weight);
    for (const axis of this.#active().reverse()) {
      values = axis.fitArray(values, shape) as typeof values;
      shape[axis.axis] = axis.lengthFrom(shape[axis.axis] as number, true);
    }
    return Float32Array.from(values);
  }

  /** What is sampled at all, axis by axis: the dims within each head, then heads as wholes. */
  #active(): AxisSampler[] {
    return this.#axes.flatMap(({ divisions }) => divisions.filter(({ whole }) => !whole));
  }
}
