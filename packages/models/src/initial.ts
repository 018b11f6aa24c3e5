import { fillNormal, fillUniform, stream } from '@pleat/random';
import * as tf from '@tensorflow/tfjs';

type Initializer = ReturnType<typeof tf.initializers.zeros>;
type Shape = readonly (number | null)[];

/** How a weight tensor starts: the standard deviation (normal) or half width (uniform) for its fans. */
export interface Scheme {
  distribution: 'normal' | 'uniform';
  spread: (fanIn: number, fanOut: number) => number;
}

/** Kaiming normal over the outputs: std sqrt(2 / fan_out) (He et al. 2015, arXiv 1502.01852, eq. 14). */
export const kaimingFanOut: Scheme = {
  distribution: 'normal',
  spread: (_fanIn, fanOut) => Math.sqrt(2 / fanOut),
};

/** Kaiming normal over the inputs: std sqrt(2 / fan_in) (He et al. 2015, eq. 10), which keeps the size of activations where no norm does. */
export const kaimingFanIn: Scheme = {
  distribution: 'normal',
  spread: (fanIn) => Math.sqrt(2 / fanIn),
};

/** U(-1/sqrt(fan_in), 1/sqrt(fan_in)), what PyTorch gives a layer whose author asks for nothing else. */
export const uniformFanIn: Scheme = {
  distribution: 'uniform',
  spread: (fanIn) => 1 / Math.sqrt(fanIn),
};

/** N(0, 0.02^2), as ViT's descendants start (Touvron et al. 2021, "DeiT", arXiv 2012.12877). */
export const smallNormal: Scheme = { distribution: 'normal', spread: () => 0.02 };

/** Everything a layer's weights depend on. */
export interface Start {
  /** Whole number >= 0. */
  seed: number;
  /** Names the stream; unique in the model. */
  name: string;
  scheme: Scheme;
  fanIn: number;
  fanOut: number;
}

/**
 * An initializer whose values come from the stream (seed, name), so that they are the same bits on every
 * machine, while its configuration is a stock tfjs one: a saved model needs no class of ours to load.
 */
export function seededInitializer({ seed, name, scheme, fanIn, fanOut }: Start): Initializer {
  const source = stream(seed, name);
  const spread = scheme.spread(fanIn, fanOut);
  const stockSeed = source.key[0] & 0x7fffffff;
  const normal = scheme.distribution === 'normal';
  const initializer = normal
    ? tf.initializers.randomNormal({ mean: 0, stddev: spread, seed: stockSeed })
    : tf.initializers.randomUniform({ minval: -spread, maxval: spread, seed: stockSeed });
  // A layer with several kernels asks once for each: the next one goes on where the last one stopped.
  let offset = 0;
  initializer.apply = (shape: Shape) => {
    const sizes = shape.map((size) => size ?? 1);
    const values = new Float32Array(sizes.reduce((product, size) => product * size, 1));
    if (normal) fillNormal(source, values, { std: spread, offset });
    else fillUniform(source, values, { low: -spread, high: spread, offset });
    offset += values.length;
    return tf.tensor(values, sizes, 'float32');
  };
  return initializer;
}
