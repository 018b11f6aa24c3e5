import * as tf from '@tensorflow/tfjs';

/** Turns coefficients into weights. */
export interface WeightSampler {
  /** Whether weights are the coefficients themselves. */
  readonly whole: boolean;
  /** [sampled shape], differentiable in the coefficients. */
  sample(coefficients: tf.Tensor): tf.Tensor;
  /** [sampled, coefficients] of a vector of `count`, without negative entries: which coefficients are near which sample. */
  nearness(count: number): tf.Tensor2D;
}

/**
 * A weight of an integral layer: the layer reads it as any other, and gets what its coefficients give at the positions its
 * groups are sampled at. Until a sampler is set it gives the coefficients.
 */
export class SampledWeight {
  readonly coefficients: tf.LayerVariable;
  readonly name: string;
  sampler: WeightSampler | null = null;

  constructor(name: string, coefficients: tf.LayerVariable) {
    this.name = name;
    this.coefficients = coefficients;
  }

  get shape(): tf.Shape {
    return this.read().shape;
  }

  read(): tf.Tensor {
    const { sampler } = this;
    const own = this.coefficients.read();
    return sampler === null || sampler.whole ? own : tf.tidy(() => sampler.sample(own));
  }

  /**
   * Takes new sampled values: the moving statistics of a norm. Each coefficient takes the mean of the changes of the samples
   * near it; of a variance these are factors, so that it stays positive however much its neighbours differ.
   */
  write(value: tf.Tensor): this {
    const { sampler } = this;
    if (sampler === null || sampler.whole) {
      this.coefficients.write(value);
      return this;
    }
    tf.tidy(() => {
      const own = this.coefficients.read();
      const before = sampler.sample(own);
      const factors = this.name === 'moving_variance';
      const change = factors ? logarithm(value).sub(logarithm(before)) : value.sub(before);
      const nearness = sampler.nearness(own.size);
      const total = tf.dot(change, nearness);
      const weight = nearness.sum(0);
      // A coefficient that no sample is near keeps its value.
      const seen = weight.greater(1e-3);
      const all = total.div(tf.maximum(weight, 1e-3));
      const mean = tf.where(seen, all, tf.zerosLike(all));
      this.coefficients.write(factors ? own.mul(mean.exp()) : own.add(mean));
    });
    return this;
  }
}

/** That of a variance, which may be zero. */
const logarithm = (variance: tf.Tensor): tf.Tensor => tf.log(tf.maximum(variance, 1e-12));
