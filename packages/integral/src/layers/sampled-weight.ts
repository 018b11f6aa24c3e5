import * as tf from '@tensorflow/tfjs';

/** Turns coefficients into weights. */
export interface WeightSampler {
  /** Whether weights are the coefficients themselves. */
  readonly whole: boolean;
  /** [sampled shape], differentiable in the coefficients. */
  sample(coefficients: tf.Tensor): tf.Tensor;
  /** [sampled, coefficients] of a vector, without negative entries: which coefficients are near which sample. */
  nearness(): tf.Tensor2D;
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
   * near it; of variances, which must stay positive, the mean of the factors by which they change.
   */
  write(value: tf.Tensor): this {
    const { sampler } = this;
    if (sampler === null || sampler.whole) {
      this.coefficients.write(value);
      return this;
    }
    tf.tidy(() => {
      const own = this.coefficients.read();
      const sampled = sampler.sample(own);
      const variance = this.name === 'moving_variance';
      const change = variance ? value.div(tf.maximum(sampled, 1e-30)) : value.sub(sampled);
      const nearness = sampler.nearness();
      const weight = nearness.sum(0);
      const mean = tf.dot(change, nearness).div(tf.maximum(weight, 1e-3));
      const moved = variance ? own.mul(mean) : own.add(mean);
      // A coefficient that no sample is near keeps its value.
      this.coefficients.write(tf.where(weight.greater(1e-3), moved, own));
    });
    return this;
  }
}
