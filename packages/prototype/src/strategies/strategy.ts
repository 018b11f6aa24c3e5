/** A layer as a strategy sees it. */
export interface SizedLayer {
  shape: readonly number[];
  /** Number of weights. */
  size: number;
}

/** The prototype one layer reads. */
interface Assignment {
  /** Index of the layer whose fan-in and stream the prototype is drawn with. */
  owner: number;
  /** Number of values in the prototype. */
  length: number;
}

/** A strategy: for every layer of a network, the prototype it reads; layers of equal owner share one. */
export type AssignPrototypes = (
  layers: readonly SizedLayer[],
  options: { ratio: number },
) => Assignment[];

/** The first of the largest layers. */
export function largestLayer(layers: readonly SizedLayer[]): number {
  return layers.reduce((best, layer, i) => (layer.size > layers[best]!.size ? i : best), 0);
}
