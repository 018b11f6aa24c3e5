import type { SlotRole } from './types.ts';

/** One new channel as a sum of old ones. */
export interface Mixture {
  from: Int32Array;
  by: Float64Array;
}

/** Where each new channel comes from, by the role of the slot: an old channel's number, or a mixture. */
export interface Remap {
  size: number;
  source(role: SlotRole, channel: number): number | Mixture;
}

/** New channel j is old channel indices[j]. */
export function gather(indices: ArrayLike<number>): Remap {
  return { size: indices.length, source: (_, channel) => indices[channel] as number };
}

/** A matrix by its rows. */
export type Rows = readonly ArrayLike<number>[];

function mixture(row: ArrayLike<number>): Mixture {
  const from: number[] = [];
  const by: number[] = [];
  for (let i = 0; i < row.length; i++) {
    const factor = row[i] as number;
    if (factor === 0) continue;
    from.push(i);
    by.push(factor);
  }
  return { from: Int32Array.from(from), by: Float64Array.from(by) };
}

/** Matrices [new channels, old channels] for what makes channels, for what reads them, and for values of their own. */
export interface Mixing {
  /** New output = matrix x old output, on kernels' output axes and biases. */
  outputs: Rows;
  /** New reading = matrix x old reading, on kernels' input axes. */
  inputs: Rows;
  /** On norms, slopes and depthwise kernels; default the rows of `outputs` scaled to sum to 1. */
  own?: Rows;
}

/** The rows scaled to sum to 1. */
function averages(who: string, rows: Rows): Rows {
  return rows.map((row, j) => {
    const total = Array.from(row).reduce((a, b) => a + b, 0);
    if (Math.abs(total) < 1e-12) {
      throw new RangeError(
        `${who}: row ${j} of the matrix sums to 0, so norms and slopes have no mean to take; give 'own' as well.`,
      );
    }
    return Array.from(row, (value) => value / total);
  });
}

/** New channels as mixtures of old ones. `own` is only asked for where a slot needs it. */
export function mix(who: string, { outputs, inputs, own }: Mixing): Remap {
  const lazily = (rows: () => Rows) => {
    let mixtures: Mixture[] | null = null;
    return (channel: number): Mixture => {
      mixtures ??= rows().map(mixture);
      return mixtures[channel] as Mixture;
    };
  };
  const output = lazily(() => outputs);
  const input = lazily(() => inputs);
  const alone = lazily(() => own ?? averages(who, outputs));
  return {
    size: outputs.length,
    source(role, channel) {
      if (role === 'input') return input(channel);
      return role === 'output' || role === 'bias' ? output(channel) : alone(channel);
    },
  };
}

/** Where the rows of a tensor's axis come from: row p is row `rows[p]` of the old axis, or a mixture of its rows. */
export type RowPlan = readonly (number | Mixture)[];

/** Applies a plan to one axis of a tensor of float32 values. */
export function remapAxis(
  values: Float32Array,
  shape: readonly number[],
  axis: number,
  plan: RowPlan,
): Float32Array {
  const outer = shape.slice(0, axis).reduce((a, b) => a * b, 1);
  const old = shape[axis] as number;
  const inner = shape.slice(axis + 1).reduce((a, b) => a * b, 1);
  const out = new Float32Array(outer * plan.length * inner);
  const sums = new Float64Array(inner);
  for (let o = 0; o < outer; o++) {
    const from = o * old * inner;
    let to = o * plan.length * inner;
    for (const row of plan) {
      if (typeof row === 'number') {
        const at = from + row * inner;
        if (inner === 1) out[to] = values[at] as number;
        else out.set(values.subarray(at, at + inner), to);
      } else {
        sums.fill(0);
        row.from.forEach((source, t) => {
          const by = row.by[t] as number;
          const at = from + source * inner;
          for (let i = 0; i < inner; i++) {
            sums[i] = (sums[i] as number) + by * (values[at + i] as number);
          }
        });
        out.set(sums, to);
      }
      to += inner;
    }
  }
  return out;
}
