import { TopKMemory } from '@pleat/ops';
import { fillLayer } from '@pleat/prototype';
import { fillUniform, stream } from '@pleat/random';
import * as tf from '@tensorflow/tfjs';
import type { Learner, LearnerContext } from '../learners/learner.ts';
import type { ChosenLearner } from '../learners/registry.ts';
import { valueAt } from '../schedule.ts';
import { frozenMap, type Pins, pinsOf } from './frozen.ts';
import type { MaskGroup } from './group.ts';
import type { KernelMasking, LayerMasking } from './masking.ts';
import type { LearnedScales } from './scales.ts';

/** The variables of one masked kernel. */
export interface KernelVariables {
  /** Null for a kernel folded into another, which has the scores. */
  scores: tf.LayerVariable | null;
  /** The trained threshold of learners that have one. */
  threshold: tf.LayerVariable | null;
  /** The fixed values the user gave, not yet scaled; null when they are drawn from a seed. */
  given: tf.LayerVariable | null;
  scales: LearnedScales | null;
}

/** What a layer reads as its kernel: fixed values times a mask learned through scores. */
export class MaskedKernel {
  readonly masking: KernelMasking;
  readonly learner: ChosenLearner;
  /** What is decided of each weight by seed; null when all are free. */
  readonly frozen: Uint8Array | null;
  readonly given: tf.LayerVariable | null;
  readonly scales: LearnedScales | null;
  training = false;
  /** Draws of a random learner depend on the step and on how often the kernel was read for training since it was set. */
  #step = 0;
  #reads = 0;
  #progress = 0;
  /** The masking of the layer it belongs to. */
  readonly layer: LayerMasking;
  readonly #variables: KernelVariables;
  readonly #group: MaskGroup;
  readonly #memory = new TopKMemory();
  #base: tf.Tensor | null = null;
  #pins: Pins | null = null;

  constructor(parts: {
    masking: KernelMasking;
    layer: LayerMasking;
    variables: KernelVariables;
    learner: ChosenLearner;
    group: MaskGroup;
  }) {
    const { masking, layer, variables, learner, group } = parts;
    this.masking = masking;
    this.learner = learner;
    this.given = variables.given;
    this.scales = variables.scales;
    this.layer = layer;
    this.#variables = variables;
    this.#group = group;
    const { freeze, seed } = layer;
    this.frozen =
      freeze === undefined ? null : frozenMap(freeze, seed, this.#stream, masking.fill.size);
    group.join(this);
  }

  /** The index that names random streams: kernels folded into one draw alike. */
  get #stream(): number {
    return this.masking.owner ?? this.masking.index;
  }

  get #owner(): MaskedKernel {
    return this.masking.owner === undefined ? this : this.#group.member(this.masking.owner);
  }

  /** The scores: this kernel's, or those of the kernel it is folded into. */
  get scores(): tf.LayerVariable {
    return this.#owner.#variables.scores as tf.LayerVariable;
  }

  /** The trained threshold: of this kernel, of the one it is folded into, or of the model. */
  get #threshold(): tf.Tensor | null {
    const { learner, options } = this.learner;
    const shared = learner.threshold?.shared?.(options) ?? false;
    const holder = shared ? this.#group.member(0) : this.#owner;
    return holder.#variables.threshold?.read() ?? null;
  }

  /** Says which training step comes next, and the share of training that is over. */
  startStep(step: number, progress: number): void {
    this.#step = step;
    this.#reads = 0;
    this.#progress = progress;
  }

  /** The layer's effective weights, differentiable with respect to scores, threshold and scales. */
  read(): tf.Tensor {
    return tf.tidy(() => {
      const base = this.#values();
      const { weigh: fused } = this.learner.learner;
      const fuses = fused !== undefined && this.frozen === null;
      const weights = fuses ? this.#chosen(base) : this.#weighed(base);
      return this.scales === null ? weights : tf.mul(weights, this.scales.read());
    });
  }

  /** The values times the mask. */
  #weighed(base: tf.Tensor): tf.Tensor {
    const weigh = tf.customGrad((mask, save) => {
      // Saved: values that were given are scaled anew at each read, and gone by the time of the gradient.
      (save as tf.GradSaveFunc)([base]);
      return {
        value: tf.mul(base, mask as tf.Tensor),
        gradFunc: (dy: tf.Tensor, saved: tf.Tensor[]) => this.#toMask(dy, saved[0] as tf.Tensor),
      };
    });
    return weigh(this.multiplier(this.#context()));
  }

  /** The same in one go, by a learner that can. */
  #chosen(base: tf.Tensor): tf.Tensor {
    const { learner, options } = this.learner;
    const context = this.#context();
    const choose = tf.customGrad((_, save) => {
      const s = this.placedScores(context);
      (save as tf.GradSaveFunc)([base, s]);
      return {
        value: learner.weigh!(base, s, options, context),
        gradFunc: (dy: tf.Tensor, saved: tf.Tensor[]) => {
          const [base, s] = saved as [tf.Tensor, tf.Tensor];
          return learner.gradient(this.#toMask(dy, base), s, null, options, context);
        },
      };
    });
    return choose(this.scores.read());
  }

  /** From the gradient of the weights to the learner's. */
  #toMask(dy: tf.Tensor, base: tf.Tensor): tf.Tensor {
    const upstream = tf.mul(dy, base);
    return this.layer.scoreGradient === 'magnitude' ? tf.mul(upstream, tf.abs(base)) : upstream;
  }

  /** The multiplier as it stands when evaluating; differentiable with respect to scores and threshold. */
  mask(): tf.Tensor {
    return tf.tidy(() => this.multiplier({ ...this.#context(), training: false }));
  }

  /** The learner's multiplier, with the frozen weights in their place. */
  multiplier(context: LearnerContext): tf.Tensor {
    const { learner, options } = this.learner;
    const pins = this.#pinned();
    const threshold = this.#threshold;
    const apply = tf.customGrad((...inputs) => {
      const save = inputs.pop() as unknown as tf.GradSaveFunc;
      const s = this.placedScores(context);
      // A clone: a global selection hands out a tensor it keeps for itself.
      const mask = tf.clone(learner.mask(s, options, context));
      save([s, mask]);
      return {
        // Adding 0 turns -0 into 0, which is what a file gives back.
        value: pins === null ? mask : tf.add(tf.mul(mask, pins.present), 0),
        gradFunc: (dy: tf.Tensor, saved: tf.Tensor[]) => {
          const [s, mask] = saved as [tf.Tensor, tf.Tensor];
          const upstream = pins === null ? dy : tf.mul(dy, pins.free);
          const gradient = learner.gradient(upstream, s, mask, options, context);
          return threshold === null
            ? gradient
            : [gradient, thresholdGradient(learner, upstream, s, options, context)];
        },
      };
    });
    const scores = this.scores.read();
    return threshold === null ? apply(scores) : apply(scores, threshold);
  }

  /** The scores a learner sees: with its noise when training, those of frozen weights replaced. */
  placedScores(context?: LearnerContext): tf.Tensor {
    const pins = this.#pinned();
    const noise = context?.training ? valueAt(this.layer.noise ?? 0, context.progress) : 0;
    let scores = this.scores.read();
    if (context !== undefined && noise > 0) {
      const reach = 2 * noise * context.limit;
      scores = tf.add(scores, tf.mul(tf.sub(context.uniform(), 0.5), reach));
    }
    return pins === null ? scores : tf.add(tf.mul(scores, pins.free), pins.scores);
  }

  dispose(): void {
    this.#base?.dispose();
    this.#base = null;
    if (this.#pins !== null) tf.dispose({ ...this.#pins });
    this.#pins = null;
    this.scales?.dispose();
    this.#group.dispose();
  }

  /** The fixed values, as the layer multiplies them: magnitudes where the mask has the sign. */
  #values(): tf.Tensor {
    const magnitudes = this.learner.learner.alphabet !== 'binary';
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

  /** The fixed values with their signs. */
  fixedValues(): Float32Array {
    const { fill } = this.masking;
    if (this.given === null) return fillLayer(fill);
    const values = this.given.read().dataSync<'float32'>() as Float32Array;
    return values.map((value) => value * fill.scale);
  }

  #pinned(): Pins | null {
    if (this.frozen === null) return null;
    if (this.#pins === null) {
      const { alphabet, byMagnitude = false } = this.learner.learner;
      const values = alphabet === 'binary' ? new Float32Array(0) : this.fixedValues();
      const { shape } = this.masking.fill;
      this.#pins = pinsOf(this.frozen, values, shape, { alphabet, byMagnitude });
    }
    return this.#pins;
  }

  #context(): LearnerContext {
    const { fill, fanIn } = this.masking;
    const { seed, scoreScale } = this.layer;
    return {
      training: this.training,
      progress: this.#progress,
      limit: scoreScale / Math.sqrt(fanIn),
      threshold: this.#threshold,
      uniform: () => {
        const name = `mask/${this.#stream}/${this.#step}/${this.#reads++}`;
        const draws = fillUniform(stream(seed, name), new Float32Array(fill.size));
        return tf.tensor(draws, fill.shape);
      },
      memory: this.#memory,
      globalTopK: (keep) => this.#group.topK(this.#stream, keep),
    };
  }
}

function thresholdGradient(
  learner: Learner,
  upstream: tf.Tensor,
  scores: tf.Tensor,
  options: object,
  context: LearnerContext,
): tf.Tensor {
  const rule = learner.threshold as NonNullable<Learner['threshold']>;
  return rule.gradient(upstream, scores, options, context);
}
