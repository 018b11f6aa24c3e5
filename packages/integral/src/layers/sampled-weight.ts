import * as tf from '@tensorflow/tfjs';

/** What lets the coefficients of a vector follow its samples. */
export interface Follower {
  /** [coefficients + samples, coefficients]: coefficients and new samples, times this, are the coefficients that follow. */
  moving(): tf.Tensor2D;
  /** [samples, coefficients]: the share of each sample in the mean a coefficient takes; each column adds up to 1 or is 0. */
  shares(): tf.Tensor2D;
  /** [samples, coefficients]: what samples the coefficients. */
  sampled(): tf.Tensor2D;
}

/** Turns coefficients into weights. */
export interface WeightSampler {
  /** Whether weights are the coefficients themselves. */
  readonly whole: boolean;
  /** [sampled shape], differentiable in the coefficients. */
  sample(coefficients: tf.Tensor): tf.Tensor;
  /** Of a vector, where it is sampled now, also while positions are learned. */
  follower(): Follower;
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
    const follow = this.name === 'moving_variance' ? followFactors : followChanges;
    tf.tidy(() => {
      const own = this.coefficients.read();
      const next = offTape(own, () => follow(own, value, sampler.follower()));
      this.coefficients.write(next);
    });
    return this;
  }
}

/** own + (value - B own) N, as one product of vectors laid side by side. */
function followChanges(own: tf.Tensor, value: tf.Tensor, follower: Follower): tf.Tensor {
  const both = tf.concat([own, value]).reshape([1, -1]);
  return tf.matMul(both, follower.moving()).reshape([-1]);
}

/** own * exp((log value - log B own) N) */
function followFactors(own: tf.Tensor, value: tf.Tensor, follower: Follower): tf.Tensor {
  const before = tf.matMul(own.reshape([1, -1]), follower.sampled(), false, true);
  const change = logarithm(value.reshape([1, -1])).sub(logarithm(before));
  return own.mul(tf.matMul(change, follower.shares()).reshape([-1]).exp());
}

/** That of a variance, which may be zero. */
const logarithm = (variance: tf.Tensor): tf.Tensor => tf.log(tf.maximum(variance, 1e-12));

/** Computes what no gradient is asked of: tfjs then notes one op, whose gradient is never called, instead of each. */
function offTape(own: tf.Tensor, compute: () => tf.Tensor): tf.Tensor {
  if (!tf.engine().isTapeOn()) return compute();
  return tf.customGrad(() => ({ value: compute(), gradFunc: (dy: tf.Tensor) => tf.zerosLike(dy) }))(
    own,
  );
}
