import type { Layout } from '../layout.ts';
import { imageAxes, type Step } from '../step.ts';
import type { LayerKind } from './kind.ts';
import { select } from './shape.ts';

/** Pooling and resizing over the axes between batch and channels. */
const windows: LayerKind = {
  follow(step) {
    const { channel, spatial } = imageAxes(step.config, step.input.shape.length);
    return step.output(step.still(step.input, spatial, channel).columns);
  },
};

/** The layout without some axes, along which no column may run. */
function without(layout: Layout, axes: readonly number[]): Layout {
  const move = (axis: number) => axis - axes.filter((gone) => gone < axis).length;
  return {
    shape: layout.shape.filter((_, axis) => !axes.includes(axis)),
    columns: layout.columns.map((column) => ({ ...column, axes: column.axes.map(move) })),
  };
}

/** Pooling over all positions. */
const globally: LayerKind = {
  follow(step) {
    const { channel, spatial } = imageAxes(step.config, step.input.shape.length);
    return without(step.still(step.input, spatial, channel), spatial);
  },
};

/** The first token alone: one position of axis 1. */
const firstToken: LayerKind = {
  follow(step: Step) {
    const x = step.input;
    const alone = x.columns.filter(({ axes }) => `${axes}` === '1');
    step.fix(alone, 'takes the first of it');
    const columns = x.columns
      .filter((column) => !alone.includes(column))
      .map((column) => {
        if (!column.axes.includes(1)) return column;
        const first = select(column, x.shape, 1, [0]);
        return { ...first, axes: first.axes.filter((axis) => axis !== 1) };
      });
    return without({ shape: x.shape, columns }, [1]);
  },
};

/** A learned token put before the others. */
const classToken: LayerKind = {
  follow(step) {
    const x = step.still(step.input, [1], 2);
    const columns = step.along(x, 2);
    step.attach(columns, ['embedding', 1, 'bias']);
    return step.output(columns);
  },
};

/** Layers that gather or spread over positions. */
export const poolKinds: Record<string, LayerKind> = {
  MaxPooling1D: windows,
  AveragePooling1D: windows,
  MaxPooling2D: windows,
  AveragePooling2D: windows,
  MaxPooling3D: windows,
  AveragePooling3D: windows,
  UpSampling2D: windows,
  Resizing: windows,
  CenterCrop: windows,
  GlobalAveragePooling1D: globally,
  GlobalMaxPooling1D: globally,
  GlobalAveragePooling2D: globally,
  GlobalMaxPooling2D: globally,
  PleatGlobalAveragePool: globally,
  PleatFirstToken: firstToken,
  PleatClassToken: classToken,
};
