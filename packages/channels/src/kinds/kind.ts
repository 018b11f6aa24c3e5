import type { Layout, Shape } from '../layout.ts';
import type { Config, Step } from '../step.ts';

/** The new sizes around a layer when its model is rebuilt with other numbers of channels. */
export interface Sizes {
  /** The shape of a weight, by its name. */
  weight(name: string): readonly number[];
  /** The shapes of the layer's inputs and of its output. */
  inputs: readonly Shape[];
  output: Shape;
  /** How many positions of an axis of the output (or of input i) remain of each old one: 0, 1, or more when growing. */
  kept(axis: number, input?: number): readonly number[];
  /** The same for an axis of a weight, in one of the ways it is divided (see `Step.range`). */
  division(weight: string, axis: number, column: number): readonly number[];
}

/** What costs are counted from: the shapes of one application of a layer. */
export interface Shapes {
  weight(name: string): readonly number[] | null;
  inputs: readonly Shape[];
  output: Shape;
  config: Config;
}

/** How the graph treats one class of layers. */
export interface LayerKind {
  /**
   * Follows channels through one application of the layer: joins channels that must go together and gives the output's
   * layout. Throws `NotFollowed` where it cannot.
   */
  follow(step: Step): Layout;
  /** The layer's config at other sizes; without it the config stays. */
  resize?(config: Config, sizes: Sizes): Config;
  /** A factor on a weight that keeps the layer's function when it is resized; 1 by default. */
  factor?(weight: string, before: Shapes, after: Shapes): number;
  /** Multiply-adds of one application to one sample; 0 by default, null where they cannot be told. */
  multiplyAdds?(shapes: Shapes): number | null;
}

/** Thrown by a kind that cannot follow a layer as it is configured; the graph names the layer and fixes its channels. */
export class NotFollowed extends Error {}

/** The product of known sizes, the batch left out. */
export function volume(shape: Shape): number {
  return shape.slice(1).reduce<number>((product, size) => product * (size ?? Number.NaN), 1);
}

/** The product of sizes. */
export function product(sizes: readonly number[]): number {
  return sizes.reduce((a, b) => a * b, 1);
}
