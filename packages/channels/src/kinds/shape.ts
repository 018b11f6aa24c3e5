import {
  type Column,
  expand,
  joinPieces,
  type Layout,
  numbering,
  offsets,
  pick,
  plainColumn,
  type Shape,
  simplify,
  sizeOf,
  stridesOf,
} from '../layout.ts';
import { imageAxes, type Step } from '../step.ts';
import { type LayerKind, NotFollowed } from './kind.ts';
import { joinLayouts } from './pointwise.ts';

/** Axes of the old and of the new shape that hold the same values. */
interface Segment {
  from: number[];
  to: number[];
}

/** Splits a reshape into the shortest runs of axes with equal numbers of values, the batch left out. */
function segments(from: Shape, to: Shape): Segment[] {
  const found: Segment[] = [];
  let i = 1;
  let j = 1;
  while (i < from.length && j < to.length) {
    const segment: Segment = { from: [i], to: [j] };
    let a = from[i++] as number | null;
    let b = to[j++] as number | null;
    while (a !== b) {
      // An axis of unknown size matches only one of unknown size.
      if (a === null || b === null) throw new NotFollowed('it reshapes axes of unknown size');
      if (a < b && i < from.length) {
        segment.from.push(i);
        a = from[i] == null ? null : a * (from[i] as number);
        i++;
      } else if (b < a && j < to.length) {
        segment.to.push(j);
        b = to[j] == null ? null : b * (to[j] as number);
        j++;
      } else throw new NotFollowed('it reshapes axes of unknown size');
    }
    found.push(segment);
  }
  // What is left over has one position and goes along with the last run.
  const last = found.at(-1);
  for (; i < from.length; i++) last?.from.push(i);
  for (; j < to.length; j++) last?.to.push(j);
  return found;
}

/** The layout of a tensor read row by row into another shape. */
export function reshape(layout: Layout, to: Shape): Layout {
  const parts = segments(layout.shape, to);
  const columns = layout.columns.map((column) => {
    const touched = parts.filter(({ from }) => from.some((axis) => column.axes.includes(axis)));
    const whole = touched.flatMap(({ from }) => from);
    if (whole.some((axis) => layout.shape[axis] == null)) {
      throw new NotFollowed('it reshapes channels together with an axis of unknown size');
    }
    const wide = expand(column, layout.shape, whole, layout.shape);
    return simplify({ ...wide, axes: touched.flatMap((segment) => segment.to) }, to);
  });
  return { shape: to, columns };
}

/** The layout with output axis i taken from input axis from[i]. */
export function permute(layout: Layout, from: readonly number[]): Layout {
  const columns = layout.columns.map((column) => {
    const axes = column.axes.map((axis) => from.indexOf(axis)).sort((a, b) => a - b);
    const sizes = column.axes.map((axis) => sizeOf(layout.shape, axis));
    const strides = stridesOf(sizes);
    const order = axes.map((axis) => column.axes.indexOf(from[axis] as number));
    const at = offsets(
      order.map((i) => sizes[i] as number),
      order.map((i) => strides[i] as number),
    );
    return pick(column, axes, at);
  });
  return { shape: from.map((axis) => layout.shape[axis] ?? null), columns };
}

const identity = (rank: number): number[] => Array.from({ length: rank }, (_, i) => i);

/** Takes some positions of one axis. */
export function select(column: Column, shape: Shape, axis: number, at: readonly number[]): Column {
  const sizes = column.axes.map((a) => sizeOf(shape, a));
  const strides = stridesOf(sizes);
  const i = column.axes.indexOf(axis);
  const all = offsets(
    sizes.map((size, j) => (j === i ? at.length : size)),
    strides.map((stride, j) => (j === i ? 0 : stride)),
  );
  const inner = stridesOf(sizes.map((size, j) => (j === i ? at.length : size)))[i] as number;
  const picked = all.map(
    (offset, e) =>
      offset + (at[Math.floor(e / inner) % at.length] as number) * (strides[i] as number),
  );
  return pick(column, column.axes, picked);
}

const flatten: LayerKind = {
  follow(step) {
    const { input, outputShape } = step;
    const rank = input.shape.length;
    const first = step.config.dataFormat === 'channelsFirst' && rank > 1;
    // tfjs flattens channels-first tensors with the channels last.
    const order = first ? [0, ...identity(rank).slice(2), 1] : identity(rank);
    return reshape(permute(input, order), outputShape);
  },
};

const reshaping: LayerKind = {
  follow: (step) => reshape(step.input, step.outputShape),
  resize: (config, { output }) => ({ ...config, targetShape: output.slice(1) as number[] }),
};

const permuting: LayerKind = {
  follow: (step) => permute(step.input, [0, ...(step.config.dims as number[])]),
};

/** [batch, c] to [batch, n, c]. */
const repeatVector: LayerKind = {
  follow: (step) => step.output(step.input.columns.map((column) => ({ ...column, axes: [2] }))),
};

/**
 * [b, h, w, c r r] to [b, h r, w r, c]: channel k is made by r r positions. Every pixel is reached from the same weights,
 * so that they are brought together here, whatever the height and width.
 */
const pixelShuffle: LayerKind = {
  follow(step) {
    const block = (step.config.blockSize as number) ** 2;
    const x = step.still(step.input, [1, 2], 3);
    const channels = sizeOf(x.shape, 3);
    const row = {
      shape: [null, channels],
      columns: step.along(x, 3).map((c) => ({ ...c, axes: [1] })),
    };
    const split = step.gather(reshape(row, [null, block, channels / block]), [1], 2);
    const blocks = split.columns.filter(({ axes }) => !axes.includes(2));
    step.fix(blocks, 'lays out over pixels what is the same in all of its channels');
    const kept = split.columns.filter((column) => !blocks.includes(column));
    return step.output(kept.map((column) => ({ ...column, axes: [3] })));
  },
};

type Pairs = [[number, number], [number, number]];
const imagePairAxes = (config: Step['config']): number[] =>
  config.dataFormat === 'channelsFirst' ? [2, 3] : [1, 2];

/** Cropping, which told that channels come first also slices the last axis, whatever that holds. */
const cropping: LayerKind = {
  follow(step) {
    const pairs = step.config.cropping as Pairs;
    return imagePairAxes(step.config).reduce<Layout>((x, axis, i) => {
      const [before, after] = pairs[i] as [number, number];
      const size = x.shape[axis];
      const shape = x.shape.map((s, a) => (a === axis && s != null ? s - before - after : s));
      const columns = x.columns.map((column) => {
        if (!column.axes.includes(axis) || size == null) return column;
        const at = Array.from({ length: size - before - after }, (_, p) => p + before);
        return simplify(select(column, x.shape, axis, at), shape);
      });
      return { shape, columns };
    }, step.input);
  },
  resize(config, sizes) {
    const cropping = (config.cropping as Pairs).map(([before, after], i) => {
      const kept = sizes.kept(imagePairAxes(config)[i] as number, 0);
      const sum = (counts: readonly number[]) => counts.reduce((a, b) => a + b, 0);
      return [sum(kept.slice(0, before)), after === 0 ? 0 : sum(kept.slice(-after))];
    });
    return { ...config, cropping };
  },
};

/** Padding with zeros; where it pads the axis the channels lie along, the zeros are channels too. */
const padding: LayerKind = {
  follow(step) {
    const pairs = step.config.padding as Pairs;
    const { channel, spatial } = imageAxes(step.config, 4);
    return imagePairAxes(step.config).reduce<Layout>(
      (x, axis, i) => {
        const [before, after] = pairs[i] as [number, number];
        const shape = x.shape.map((s, a) => (a === axis && s != null ? s + before + after : s));
        const along = step.along(x, axis);
        if (along.length === 0 || before + after === 0) return { shape, columns: x.columns };
        const zeros = step.free(`zeros${axis}`, before + after);
        const columns = along.map((column) => {
          // Zeros lie in a place of their own, apart from those of the channels.
          const zero = Math.max(-1, ...column.places) + 1;
          const padded = (from: number, to?: number): Column => {
            const piece = plainColumn(axis, zeros.slice(from, to));
            return { ...piece, places: piece.places.fill(zero) };
          };
          return joinPieces(axis, [padded(0, before), column, padded(before)]);
        });
        return { shape, columns: [...step.apart(x, axis), ...columns] };
      },
      step.gather(step.input, spatial, channel),
    );
  },
  resize(config, sizes) {
    const padding = (config.padding as Pairs).map(([before, after], i) => {
      const kept = sizes.kept(imagePairAxes(config)[i] as number);
      const sum = (counts: readonly number[]) => counts.reduce((a, b) => a + b, 0);
      return [sum(kept.slice(0, before)), after === 0 ? 0 : sum(kept.slice(-after))];
    });
    return { ...config, padding };
  },
};

/** The columns of tensors set side by side along an axis. */
function concatenate(step: Step, axis: number): Layout {
  const shape = step.outputShape;
  const last = shape.length - 1;
  const all = step.inputs.map((x) => (axis === last ? x : step.gather(x, [axis], last)));
  const flat = all.map((x) => step.along(x, axis));
  const divisions = Math.max(...flat.map((columns) => columns.length));
  const columns: Column[] = [];
  for (let d = 0; d < divisions; d++) {
    const place = numbering();
    const pieces = flat.map((own, i) => {
      let column = own[d];
      if (column === undefined) {
        const size = sizeOf((all[i] as Layout).shape, axis);
        column = plainColumn(axis, step.free(`part${i}axis${axis}`, size));
        step.fix([column], 'sets it beside channels that can be moved');
      }
      return { ...column, places: column.places.map((p) => place(`${i} ${p}`)) };
    });
    columns.push(joinPieces(axis, pieces));
  }
  // Across the other axes the tensors lie side by side position by position, as in a sum.
  const others = all.map((x) => ({
    shape: x.shape.map((size, a) => (a === axis ? 0 : size)),
    columns: step.apart(x, axis),
  }));
  const rest = others.slice(1).reduce((a, b) => joinLayouts(step, a, b), others[0] as Layout);
  return { shape, columns: [...columns, ...rest.columns] };
}

const concatenation: LayerKind = {
  follow(step) {
    const axis = (step.config.axis as number | undefined) ?? -1;
    return concatenate(step, axis < 0 ? step.outputShape.length + axis : axis);
  },
};

/** Layers that move values without computing. */
export const shapeKinds: Record<string, LayerKind> = {
  Flatten: flatten,
  Reshape: reshaping,
  Permute: permuting,
  RepeatVector: repeatVector,
  PleatPixelShuffle: pixelShuffle,
  Cropping2D: cropping,
  ZeroPadding2D: padding,
  Concatenate: concatenation,
};
