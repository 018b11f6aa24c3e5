import { type Column, expand, type Layout } from '../layout.ts';
import type { Step } from '../step.ts';
import { type LayerKind, NotFollowed } from './kind.ts';

/** Layers that treat every value alike. */
const alike: LayerKind = { follow: (step) => step.output(step.input.columns) };

/** Brings every column that runs along one of these axes to that axis alone. */
function settle(step: Step, layout: Layout, axes: readonly number[]): Layout {
  let x = layout;
  for (const axis of axes) {
    x = { ...x, columns: [...step.apart(x, axis), ...step.along(x, axis)] };
  }
  return x;
}

const softmaxOver = (step: Step, axis: number): void =>
  step.acrossAll(step.input.columns.filter(({ axes }) => axes.includes(axis)));

const activation: LayerKind = {
  follow(step) {
    const name = `${step.config.activation}`.toLowerCase();
    if (name.endsWith('softmax')) softmaxOver(step, step.input.shape.length - 1);
    return alike.follow(step);
  },
};

const softmax: LayerKind = {
  follow(step) {
    const axis = (step.config.axis as number | undefined) ?? -1;
    softmaxOver(step, axis < 0 ? step.input.shape.length + axis : axis);
    return alike.follow(step);
  },
};

/** Norms with parameters along some axes: one for batch norm, one or more for layer norm. */
function norm(weights: readonly string[], overChannels: boolean): LayerKind {
  return {
    follow(step) {
      const rank = step.input.shape.length;
      const given = (step.config.axis as number | number[] | undefined) ?? -1;
      const axes = (Array.isArray(given) ? given : [given]).map((a) => (a < 0 ? rank + a : a));
      const x = settle(step, step.input, axes);
      axes.forEach((axis, i) => {
        const columns = step.along(x, axis);
        for (const weight of weights) step.attach(columns, [weight, i, 'norm']);
        if (overChannels) step.acrossAll(columns);
      });
      return step.output(x.columns);
    },
  };
}

/** A slope for every value, or for every channel when the other axes share one. */
const prelu: LayerKind = {
  follow(step) {
    const shared = (step.config.sharedAxes as number[] | null) ?? [];
    const rank = step.input.shape.length;
    const own = Array.from({ length: rank - 1 }, (_, i) => i + 1)
      .filter((axis) => !shared.includes(axis))
      .reverse();
    const x = settle(step, step.input, own);
    for (const axis of own) step.attach(step.along(x, axis), ['alpha', axis - 1, 'slope']);
    return step.output(x.columns);
  },
};

/** Zeroes time steps all of whose values are the mask value. */
const masking: LayerKind = {
  follow(step) {
    softmaxOver(step, step.input.shape.length - 1);
    return alike.follow(step);
  },
};

/** Adds a learned value to every position and channel. */
const positionEmbedding: LayerKind = {
  follow(step) {
    const x = settle(step, step.input, [2, 1]);
    step.attach(step.along(x, 2), ['embedding', 1, 'bias']);
    step.attach(step.along(x, 1), ['embedding', 0, 'bias']);
    return step.output(x.columns);
  },
};

/** tfjs puts missing axes behind the batch. */
function toRank({ shape, columns }: Layout, rank: number): Layout {
  const missing = rank - shape.length;
  if (missing === 0) return { shape, columns };
  const ones = Array.from({ length: missing }, () => 1);
  return {
    shape: [shape[0] ?? null, ...ones, ...shape.slice(1)],
    columns: columns.map((c) => ({ ...c, axes: c.axes.map((axis) => axis + missing) })),
  };
}

/** Whether one tensor has a single position along an axis that it repeats for the other's many. */
const repeats = (own: Layout, other: Layout, axis: number): boolean =>
  own.shape[axis] === 1 && other.shape[axis] !== 1;

/** The columns that last: a single channel that is repeated along many is none of them. */
function lasting(step: Step, own: Layout, other: Layout): Column[] {
  return own.columns.filter((column) => {
    const repeated = column.axes.some((axis) => repeats(own, other, axis));
    if (repeated) step.fix([column], 'repeats it for the channels of another tensor');
    return !repeated;
  });
}

const stuck = 'meets a tensor whose channels cannot be moved';

/** Joins what two tensors of one rank hold at equal positions, and gives the columns of their sum. */
export function joinLayouts(step: Step, a: Layout, b: Layout): Layout {
  const shape = a.shape.map((size, axis) => (size === 1 ? (b.shape[axis] ?? null) : size));
  const left = lasting(step, b, a);
  const columns: Column[] = [];
  for (const column of lasting(step, a, b)) {
    // Where the other tensor repeats itself it says nothing of the channels here.
    const wide = column.axes.filter((axis) => !repeats(b, a, axis));
    const partners = left.filter(({ axes }) => axes.some((axis) => wide.includes(axis)));
    const partner = partners.find(({ axes }) => `${axes}` === `${column.axes}`) ?? partners[0];
    if (wide.length === 0) columns.push(column);
    else if (partner === undefined) {
      step.fix([column], stuck);
      columns.push(column);
    } else {
      left.splice(left.indexOf(partner), 1);
      const axes = [...new Set([...column.axes, ...partner.axes])].sort((x, y) => x - y);
      const first = expand(column, a.shape, axes, shape);
      const second = expand(partner, b.shape, axes, shape);
      columns.push(step.join(first, second, shape));
    }
  }
  const alone = left.filter(({ axes }) => axes.some((axis) => !repeats(a, b, axis)));
  step.fix(alone, stuck);
  return { shape, columns: [...columns, ...left] };
}

/** Sums, products, maxima: value with value. */
const elementwise: LayerKind = {
  follow(step) {
    const rank = Math.max(...step.inputs.map(({ shape }) => shape.length));
    const [first, ...others] = step.inputs.map((input) => toRank(input, rank));
    if (first === undefined) throw new NotFollowed('it has no inputs');
    const joined = others.reduce((sum, other) => joinLayouts(step, sum, other), first);
    return step.output(joined.columns);
  },
};

const batchWeights = ['gamma', 'beta', 'moving_mean', 'moving_variance'];
const batchNorm = norm(batchWeights, false);
const layerNorm = norm(['gamma', 'beta'], true);

/** Layers that compute value by value. */
export const pointwiseKinds: Record<string, LayerKind> = {
  InputLayer: alike,
  Dropout: alike,
  SpatialDropout1D: alike,
  AlphaDropout: alike,
  GaussianNoise: alike,
  GaussianDropout: alike,
  ReLU: alike,
  LeakyReLU: alike,
  ELU: alike,
  ThresholdedReLU: alike,
  Rescaling: alike,
  PleatGelu: alike,
  Activation: activation,
  Softmax: softmax,
  PReLU: prelu,
  Masking: masking,
  BatchNormalization: batchNorm,
  PleatBatchNorm: batchNorm,
  LayerNormalization: layerNorm,
  PleatLayerNorm: layerNorm,
  PleatPositionEmbedding: positionEmbedding,
  Add: elementwise,
  Multiply: elementwise,
  Average: elementwise,
  Maximum: elementwise,
  Minimum: elementwise,
};
