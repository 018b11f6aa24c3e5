import { decodeTensor, encodeTensor } from '@pleat/codec';
import * as tf from '@tensorflow/tfjs';

/** In what precision scales are stored, and read: a model computes with the values its file will hold. */
export type ScalePrecision = 'float32' | 'float16' | 'uint8';

/** Trained factors of a kernel's values. */
export interface Scales {
  /** One for the whole kernel, or one for each output channel. */
  per: 'layer' | 'channel';
  /** Default `float16`. */
  precision: ScalePrecision;
}

/** Values as a file of that precision gives them back. */
function rounded(values: Float32Array, precision: ScalePrecision): Float32Array {
  if (precision === 'float32') return values;
  const shape = [values.length];
  const { bytes } = encodeTensor(values, shape, precision);
  return decodeTensor(bytes, shape, precision) as Float32Array;
}

/** The scales of one kernel: trained in float32, read as they will be stored, the gradient passing straight through. */
export class LearnedScales {
  readonly variable: tf.LayerVariable;
  readonly precision: ScalePrecision;
  #stored: tf.Tensor | null = null;
  #state: unknown = null;

  constructor(variable: tf.LayerVariable, precision: ScalePrecision) {
    this.variable = variable;
    this.precision = precision;
  }

  /** The rounded scales; differentiable. */
  read(): tf.Tensor {
    const raw = this.variable.read() as tf.Variable;
    if (this.precision === 'float32') return raw;
    // An optimizer's update gives a variable a new dataId, so equal ids mean equal values.
    if (this.#stored === null || this.#state !== raw.dataId) {
      this.dispose();
      const values = rounded(raw.dataSync<'float32'>() as Float32Array, this.precision);
      this.#stored = tf.keep(tf.tensor(values, raw.shape));
      this.#state = raw.dataId;
    }
    const stored = this.#stored;
    return tf.customGrad(() => ({ value: tf.clone(stored), gradFunc: (dy: tf.Tensor) => dy }))(raw);
  }

  dispose(): void {
    this.#stored?.dispose();
    this.#stored = null;
    this.#state = null;
  }
}
