import { weightName } from '@pleat/ops';
import type * as tf from '@tensorflow/tfjs';
import type { Atoms, AxisSource } from './atoms.ts';
import {
  alignByPlace,
  bundle,
  type Column,
  joinColumns,
  type Layout,
  numbering,
  pick,
  plainColumn,
  rowsOf,
  type Shape,
  simplify,
} from './layout.ts';
import type { SlotRole } from './types.ts';

/** A layer's config as tfjs writes it. */
export type Config = tf.serialization.ConfigDict;

/** An axis of one of the layer's weights, by the weight's name; axes count from the end when negative. */
export type WeightAxis = readonly [weight: string, axis: number, role: SlotRole];

/** One application of a layer, as the rule of its kind sees it. */
export class Step {
  readonly layer: tf.layers.Layer;
  readonly path: string;
  readonly config: Config;
  readonly inputs: readonly Layout[];
  readonly outputShape: Shape;
  readonly atoms: Atoms;

  constructor(
    layer: tf.layers.Layer,
    path: string,
    inputs: readonly Layout[],
    outputShape: Shape,
    atoms: Atoms,
  ) {
    this.layer = layer;
    this.path = path;
    this.config = layer.getConfig();
    this.inputs = inputs;
    this.outputShape = outputShape;
    this.atoms = atoms;
  }

  /** The layer's one input. */
  get input(): Layout {
    return this.inputs[0] as Layout;
  }

  /** The output with these columns. */
  output(columns: readonly Column[]): Layout {
    return { shape: this.outputShape, columns };
  }

  /** The shape of a weight of the layer, or null when it has none of that name. */
  weightShape(name: string): readonly number[] | null {
    const weight = this.layer.weights.find((each) => weightName(each) === name);
    return weight === undefined ? null : (weight.shape as number[]);
  }

  /**
   * The atoms of a weight's axis, or null when the layer has no such weight.
   * @param column Tells apart several divisions of the same axis.
   * @param label What a group that begins here is called; default the layer's path.
   */
  range(
    [name, axis, role]: WeightAxis,
    column: number = 0,
    label: string = this.path,
  ): Int32Array | null {
    const index = this.layer.weights.findIndex((each) => weightName(each) === name);
    const shape = this.layer.weights[index]?.shape;
    if (shape === undefined) return null;
    const at = axis < 0 ? shape.length + axis : axis;
    const source: AxisSource = { layer: this.path, weight: name, index, axis: at, role };
    const key = `${this.path}|${index}|${at}|${column}`;
    return this.atoms.range(key, shape[at] as number, source, column, label);
  }

  /** Atoms of positions no weight lies behind, such as padded zeros. */
  free(name: string, size: number): Int32Array {
    return this.atoms.range(`${this.path}|${name}`, size, null, 0, null);
  }

  /** The columns of a tensor that run along this axis, each brought to it alone. */
  along({ columns, shape }: Layout, axis: number): Column[] {
    return columns
      .filter(({ axes }) => axes.includes(axis))
      .map((column) => bundle(column, shape, axis, this.atoms));
  }

  /** The columns of a tensor that do not run along this axis. */
  apart({ columns }: Layout, axis: number): Column[] {
    return columns.filter(({ axes }) => !axes.includes(axis));
  }

  /** Joins the positions of a column, which runs along one axis, to those of a weight's axis. */
  attach(columns: readonly Column[], weight: WeightAxis): void {
    columns.forEach((column, i) => {
      const own = this.range(weight, i);
      if (own !== null) this.meet(column, own);
    });
  }

  /** Joins a column along one axis to a row of atoms that is read together with it, and aligns both by place. */
  meet(column: Column, row: Int32Array): void {
    column.atoms.forEach((atom, p) => {
      this.atoms.join(atom, row[p] as number);
    });
    alignByPlace(column, [...rowsOf(column), row], this.atoms);
  }

  /** New channels along an axis of the output, made by these weights' axes together; absent weights are skipped. */
  produce(axis: number, weights: readonly WeightAxis[]): Column[] {
    const ranges = weights.map((weight) => this.range(weight)).filter((range) => range !== null);
    const [first] = ranges;
    if (first === undefined) return [];
    const column = plainColumn(axis, first);
    for (const range of ranges) {
      range.forEach((atom, p) => {
        this.atoms.join(first[p] as number, atom);
        this.atoms.align(first[p] as number, atom);
      });
    }
    return [column];
  }

  /** Joins what lies at equal positions of two columns over the same axes. */
  join(a: Column, b: Column, shape: Shape): Column {
    return simplify(joinColumns(a, b, this.atoms), shape);
  }

  /** Fixes all channels of these columns. */
  fix(columns: readonly Column[], what: string): void {
    fixColumns(this.atoms, columns, `layer '${this.path}' ${what}`);
  }

  /** Notes that the layer computes over all channels of these columns together. */
  acrossAll(columns: readonly Column[]): void {
    for (const { atoms } of columns) {
      for (const atom of new Set(atoms)) this.atoms.across(atom, this.path);
    }
  }

  /** Brings the columns that run along the channel axis and one of these others to the channel axis alone. */
  gather(layout: Layout, others: readonly number[], channel: number): Layout {
    const columns = layout.columns.map((column) =>
      column.axes.includes(channel) && column.axes.some((axis) => others.includes(axis))
        ? bundle(column, layout.shape, channel, this.atoms)
        : column,
    );
    return { ...layout, columns };
  }

  /**
   * Prepares a tensor for an operation that slides over some axes: columns that run along them and the channel axis are
   * brought to the channel axis; channels that lie along the other axes alone must stay in order.
   */
  still(layout: Layout, spatial: readonly number[], channel: number): Layout {
    const gathered = this.gather(layout, spatial, channel);
    const moving = gathered.columns.filter(({ axes }) => axes.some((a) => spatial.includes(a)));
    this.fix(moving, 'mixes neighbours along their axis');
    return { ...layout, columns: gathered.columns.filter((column) => !moving.includes(column)) };
  }

  /** Repeats each channel of a column `times` times in a row, as a depth multiplier does. */
  repeat(column: Column, times: number): Column {
    const size = column.atoms.length * times;
    const place = numbering();
    const source = Int32Array.from({ length: size }, (_, p) => Math.floor(p / times));
    return {
      ...pick(column, column.axes, source),
      places: source.map((c, p) => place(`${column.places[c]} ${p % times}`)),
    };
  }
}

/** Fixes all channels of these columns; as far as they are fixed for the same reason they are one group. */
export function fixColumns(atoms: Atoms, columns: readonly Column[], reason: string): void {
  for (const column of columns) {
    for (const atom of column.atoms) atoms.fix(atom, reason);
    alignByPlace(column, rowsOf(column), atoms);
  }
}

/** The axis channels lie along, and the axes between it and the batch. */
export function imageAxes(config: Config, rank: number): { channel: number; spatial: number[] } {
  const channel = config.dataFormat === 'channelsFirst' ? 1 : rank - 1;
  const spatial = Array.from({ length: rank - 1 }, (_, i) => i + 1).filter((a) => a !== channel);
  return { channel, spatial };
}
