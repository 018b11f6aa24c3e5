import type { Step, WeightAxis } from '../step.ts';
import { type LayerKind, product, type Shapes, volume } from './kind.ts';

const projections = ['query', 'key', 'value'] as const;

/** The atoms of several weight axes that are divided alike. */
function ranges(step: Step, weights: readonly WeightAxis[], column: number, label: string) {
  return weights
    .map((weight) => step.range(weight, column, `${step.path}/${label}`))
    .filter((range) => range !== null);
}

const outputs = (name: string): WeightAxis[] => [
  [`${name}_kernel`, 1, 'output'],
  [`${name}_bias`, 0, 'bias'],
];

/** Heads are channels of `dim` parts each. */
function divideIntoHeads(step: Step, dim: number): void {
  const all = [...projections.flatMap(outputs), ['output_kernel', 0, 'input'] as const];
  const axes = ranges(step, all, 0, 'heads');
  for (const atoms of axes) {
    atoms.forEach((atom, p) => {
      step.atoms.join(axes[0]?.[p - (p % dim)] as number, atom);
      step.atoms.align(atoms[p % dim] as number, atom);
    });
  }
}

/** Within a head, dims that meet are channels; those of other heads are never exchanged with them. */
function divideIntoDims(
  step: Step,
  weights: readonly WeightAxis[],
  dim: number,
  label: string,
): Int32Array {
  const axes = ranges(step, weights, 1, label);
  for (const atoms of axes) {
    atoms.forEach((atom, p) => {
      step.atoms.join(axes[0]?.[p] as number, atom);
      step.atoms.align(atoms[p - (p % dim)] as number, atom);
    });
  }
  return axes[0] as Int32Array;
}

function headDim({ weight, config }: Shapes): number {
  return ((weight('query_kernel') as number[])[1] as number) / (config.heads as number);
}

/**
 * Self-attention over [batch, tokens, width]. Its heads are one group; the dims in which queries meet keys are one group
 * a head, those in which values meet the output kernel another.
 */
const multiHeadAttention: LayerKind = {
  follow(step) {
    const x = step.still(step.input, [1], 2);
    const columns = step.along(x, 2);
    for (const name of projections) step.attach(columns, [`${name}_kernel`, 0, 'input']);
    const heads = step.config.heads as number;
    const dim = ((step.weightShape('query_kernel') as number[])[1] as number) / heads;
    divideIntoHeads(step, dim);
    const meeting = divideIntoDims(
      step,
      [...outputs('query'), ...outputs('key')],
      dim,
      'query-key',
    );
    const carried = divideIntoDims(
      step,
      [...outputs('value'), ['output_kernel', 0, 'input']],
      dim,
      'value-output',
    );
    // One headDim holds for all heads, for queries and for values.
    step.atoms.tie([...meeting, ...carried]);
    const made = step.produce(2, [
      ['output_kernel', 1, 'output'],
      ['output_bias', 0, 'bias'],
    ]);
    // The layer gives as many channels as it takes.
    step.atoms.tiePair(
      columns.flatMap(({ atoms }) => [...atoms]),
      made.flatMap(({ atoms }) => [...atoms]),
    );
    return step.output(made);
  },
  resize(config, sizes) {
    const before = sizes.division('query_kernel', 1, 0);
    const dim = before.length / (config.heads as number);
    // A head goes or stays whole, so that the fate of its first dim tells that of all.
    const heads = before.filter((_, p) => p % dim === 0).reduce((a, b) => a + b, 0);
    const inner = sizes.weight('query_kernel')[1] as number;
    return { ...config, heads, headDim: inner / heads };
  },
  factor(weight, before, after) {
    // The scores are divided by the root of the head's width, which is another one now.
    if (!weight.startsWith('query')) return 1;
    return Math.sqrt(headDim(after) / headDim(before));
  },
  multiplyAdds({ weight, inputs }) {
    const tokens = inputs[0]?.[1] ?? Number.NaN;
    const kernels = [...projections, 'output'].map((name) => weight(`${name}_kernel`) as number[]);
    const inner = kernels[0]?.[1] as number;
    return (
      tokens * kernels.reduce((sum, shape) => sum + product(shape), 0) + 2 * tokens ** 2 * inner
    );
  },
};

/** Sums the products of two tensors along an axis of each; both are at most three-dimensional. */
const dot: LayerKind = {
  follow(step) {
    const [a, b] = step.inputs as [Step['input'], Step['input']];
    const given = step.config.axes as number | number[];
    const [i, j] = [a, b].map(({ shape }, k) => {
      const axis = Array.isArray(given) ? (given[k] as number) : given;
      return axis < 0 ? shape.length + axis : axis;
    }) as [number, number];
    const left = step.along(a, i);
    const right = step.along(b, j);
    const pairs = Math.min(left.length, right.length);
    for (let k = 0; k < pairs; k++) {
      const own = left[k] as (typeof left)[0];
      const other = right[k] as typeof own;
      const both = step.join(own, { ...other, axes: own.axes }, a.shape);
      step.meet(both, other.atoms);
      step.acrossAll([own]);
    }
    step.fix([...left.slice(pairs), ...right.slice(pairs)], 'meets a tensor that cannot be moved');
    const rest = a.shape.length - 1;
    return step.output([
      ...step.apart(a, i).map((column) => ({
        ...column,
        axes: column.axes.map((axis) => (axis > i ? axis - 1 : axis)),
      })),
      ...step.apart(b, j).map((column) => ({
        ...column,
        axes: column.axes.map((axis) => rest + (axis > j ? axis - 1 : axis) - 1),
      })),
    ]);
  },
  multiplyAdds({ inputs, output, config }) {
    const axis = Array.isArray(config.axes) ? (config.axes[0] as number) : (config.axes as number);
    return volume(output) * (inputs[0]?.at(axis) ?? Number.NaN);
  },
};

/** Layers in which channels meet channels. */
export const attentionKinds: Record<string, LayerKind> = {
  PleatMultiHeadAttention: multiHeadAttention,
  Dot: dot,
};
