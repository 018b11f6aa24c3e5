/** How many values there are, and which layers share them; see the README for the four. */
export type Strategy = 'full' | 'one-layer' | 'max-layer' | 'random-vector';

/** What the values are drawn from. */
export type Distribution =
  | 'kaiming-normal'
  | 'kaiming-uniform'
  | 'signed-constant'
  | 'normal'
  | 'uniform';

/** Where a layer begins to read a shared prototype. */
export type OffsetRule = 'zero' | 'running' | 'hashed';

/** Whether a layer scales a shared prototype to its own fan-in. */
export type RescaleRule = 'none' | 'fan-in';

/** One layer to fill. */
export interface LayerShape {
  /** Says in messages and plans which layer it is; no bit depends on it. */
  name: string;
  /** Shape of the weights; every dimension is 1 or more. */
  shape: readonly number[];
  /** How many inputs one output sums over, 1 or more. */
  fanIn: number;
}

/** What to fill the layers with. */
export interface PrototypeOptions {
  /** 'random-vector' by default. */
  strategy?: Strategy | undefined;
  /** Length of the random vector as a share of the largest layer, in (0, 1]; 0.01 by default. */
  ratio?: number | undefined;
  /** Safe integer of 0 or more; 0 by default. */
  seed?: number | undefined;
  /** 'signed-constant' by default. */
  distribution?: Distribution | undefined;
  /** Standard deviation of the distribution 'normal'; 0.05 by default, as in tf.initializers.randomNormal. */
  std?: number | undefined;
  /** The distribution 'uniform' is over [-limit, limit); 0.05 by default, as in tf.initializers.randomUniform. */
  limit?: number | undefined;
  /** The share of weights the mask will keep, in (0, 1]; fan-in is multiplied by it; 1 by default. */
  keep?: number | undefined;
  /** 'zero' by default, as in the paper. */
  offset?: OffsetRule | undefined;
  /** 'none' by default, as in the paper. */
  rescale?: RescaleRule | undefined;
}

/** Options with every default filled in. */
export interface ResolvedOptions {
  strategy: Strategy;
  ratio: number;
  seed: number;
  distribution: Distribution;
  std: number;
  limit: number;
  keep: number;
  offset: OffsetRule;
  rescale: RescaleRule;
}

/** Everything it takes to draw a prototype's values again, as plain JSON data. */
export interface PrototypeSource {
  /** Seed and name of the stream of `@pleat/random` the values come from. */
  seed: number;
  stream: string;
  /** How many values. */
  length: number;
  distribution: Distribution;
  /** Standard deviation, limit or magnitude, as the distribution has it. */
  scale: number;
}

/** Everything it takes to build one layer's values again, as plain JSON data. */
export interface LayerFill {
  /** Name of the layer. */
  layer: string;
  shape: number[];
  /** Product of the shape. */
  size: number;
  source: PrototypeSource;
  /** Value i of the layer is value (offset + i) mod length of the source, times scale. */
  offset: number;
  /** Float32 factor of the source's values; 1 unless the plan rescales. */
  scale: number;
}

/** Which value every weight of a network takes. */
export interface PrototypePlan {
  options: ResolvedOptions;
  /** Every prototype once. */
  sources: PrototypeSource[];
  /** One per layer, in the order of the layers. */
  fills: LayerFill[];
  /** How many values are drawn: the lengths of the sources together. */
  uniqueValues: number;
  /** How many weights are filled. */
  totalWeights: number;
  /** Bytes of a file that the values take: 0 as a seed, 4 each as float32. */
  storedBytes(form: 'seed' | 'float32'): number;
  /** The compression the PEMN paper counts: 1 - (32 U + P) / (32 P), one mask bit a weight; norms left out. */
  paperRatio(): number;
}
