import { fillLayer } from '@pleat/prototype';
import { fillUniform, stream } from '@pleat/random';
import * as tf from '@tensorflow/tfjs';
import type { LearnerContext } from '../learners/learner.ts';
import type { ChosenLearner } from '../learners/registry.ts';
import type { MaskGroup } from './group.ts';
import type { KernelMasking } from './masking.ts';

/** What a layer reads as its kernel: fixed values times a mask learned through scores. */
export class MaskedKernel {
  readonly masking: KernelMasking;
  readonly scores: tf.LayerVariable;
  readonly learner: ChosenLearner;
  /** Draws of a random learner depend on the step and on how often the kernel was read for training since it was set. */
  #step = 0;
  #reads = 0;
  training = false;
  readonly #seed: number;
  readonly #group: MaskGroup;
  /** The fixed values the user gave, not yet scaled; null when they are drawn from a seed. */
  readonly given: tf.LayerVariable | null;
  #base: tf.Tensor | null = null;

  constructor(parts: {
    masking: KernelMasking;
    scores: tf.LayerVariable;
    given: tf.LayerVariable | null;
    learner: ChosenLearner;
    seed: number;
    group: MaskGroup;
  }) {
    this.masking = parts.masking;
    this.scores = parts.scores;
    this.learner = parts.learner;
    this.given = parts.given;
    this.#seed = parts.seed;
    this.#group = parts.group;
    this.#group.join(parts.masking.index, parts.scores.read() as tf.Variable);
  }

  /** Says which training step comes next. */
  startStep(step: number): void {
    this.#step = step;
    this.#reads = 0;
  }

  /** The layer's effective weights, differentiable with respect to the scores. */
  read(): tf.Tensor {
    return tf.tidy(() => {
      const base = this.#values();
      const { learner, options } = this.learner;
      const context = this.#context();
      const effective = tf.customGrad((scores, save) => {
        const s = scores as tf.Tensor;
        const mask = learner.mask(s, options, context);
        (save as tf.GradSaveFunc)([s, mask]);
        return {
          value: tf.mul(base, mask),
          gradFunc: (dy: tf.Tensor, saved: tf.Tensor[]) =>
            learner.gradient(
              tf.mul(dy, base),
              saved[0] as tf.Tensor,
              saved[1] as tf.Tensor,
              options,
            ),
        };
      });
      return effective(this.scores.read());
    });
  }

  /** The multiplier as it stands when evaluating. */
  mask(): tf.Tensor {
    return tf.tidy(() => {
      const { learner, options } = this.learner;
      // A clone: a global selection hands out a tensor it keeps for itself.
      return tf.clone(
        learner.mask(this.scores.read(), options, { ...this.#context(), training: false }),
      );
    });
  }

  dispose(): void {
    this.#base?.dispose();
    this.#base = null;
    this.#group.dispose();
  }

  #values(): tf.Tensor {
    const magnitudes = this.learner.learner.alphabet === 'sign';
    if (this.given !== null) {
      const values = tf.mul(this.given.read(), this.masking.fill.scale);
      return magnitudes ? tf.abs(values) : values;
    }
    if (this.#base === null) {
      const values = fillLayer(this.masking.fill);
      if (magnitudes) for (let i = 0; i < values.length; i++) values[i] = Math.abs(values[i] ?? 0);
      this.#base = tf.keep(tf.tensor(values, this.masking.fill.shape));
    }
    return this.#base;
  }

  #context(): LearnerContext {
    const { index, fill } = this.masking;
    return {
      training: this.training,
      uniform: () => {
        const name = `mask/${index}/${this.#step}/${this.#reads++}`;
        const draws = fillUniform(stream(this.#seed, name), new Float32Array(fill.size));
        return tf.tensor(draws, fill.shape);
      },
      globalTopK: (keep) => this.#group.topK(index, keep),
    };
  }
}
