import { PleatMultiHeadAttentionLayer } from '@pleat/ops';
import { fillUniform, stream } from '@pleat/random';
import * as tf from '@tensorflow/tfjs';
import { type ChosenLearner, chooseLearner } from '../learners/registry.ts';
import { joinForming, type MaskGroup } from './group.ts';
import { type KernelVariables, MaskedKernel } from './kernel.ts';
import { maskable, maskedName } from './kinds.ts';
import { type KernelMasking, type LayerMasking, packMasking, unpackMasking } from './masking.ts';
import { LearnedScales } from './scales.ts';

/** A layer whose kernels are read through masks. */
export interface MaskedLayer extends tf.layers.Layer {
  readonly masking: LayerMasking;
  readonly kernels: readonly MaskedKernel[];
  /** What the layer has where its plain form has weights, in that order. */
  readonly slots: readonly (tf.LayerVariable | MaskedKernel)[];
}

type Config = tf.serialization.ConfigDict;
type Initializer = ReturnType<typeof tf.initializers.zeros>;
interface LayerClass {
  new (config: Config): tf.layers.Layer;
  className: string;
}
/** tfjs' types of regularizers and constraints are not exported. */
interface Regularizer {
  apply(x: tf.Tensor): tf.Scalar;
}

/**
 * Makes the masked form of a layer class: the same layer, except that each weight its masking names is read as fixed
 * values times a mask, and that the scores behind the mask are what is trained.
 */
function masked(Base: LayerClass): LayerClass {
  return class Masked extends Base implements MaskedLayer {
    static override className: string = maskedName(Base.className);
    readonly masking: LayerMasking;
    readonly kernels: MaskedKernel[] = [];
    readonly slots: (tf.LayerVariable | MaskedKernel)[] = [];
    readonly #learner: ChosenLearner;
    readonly #group: MaskGroup;

    constructor(config: Config) {
      super(config);
      this.masking = unpackMasking(this.name, config.masking);
      this.#learner = chooseLearner(this.masking.learner);
      const { id, size } = this.masking.group;
      this.#group = joinForming(
        id,
        size,
        this.masking.kernels.map((kernel) => kernel.index),
      );
    }

    protected override addWeight(
      name: string,
      shape: tf.Shape,
      dtype?: tf.DataType,
      initializer?: Initializer,
      regularizer?: Regularizer,
      trainable?: boolean,
      constraint?: never,
    ): tf.LayerVariable {
      const masking = this.masking.kernels.find((kernel) => kernel.weight === name);
      if (masking === undefined) {
        const weight = super.addWeight(
          name,
          shape,
          dtype,
          initializer,
          regularizer as never,
          trainable,
          constraint,
        );
        this.slots.push(weight);
        return weight;
      }
      this.#check(masking, shape, constraint);
      const add = (
        suffix: string,
        shape: tf.Shape,
        initializer: Initializer,
        trainable?: boolean,
      ): tf.LayerVariable =>
        super.addWeight(`${name}_${suffix}`, shape, dtype, initializer, undefined, trainable);
      const kernel = new MaskedKernel({
        masking,
        layer: this.masking,
        variables: this.#variables(masking, shape as number[], add, trainable),
        learner: this.#learner,
        group: this.#group,
      });
      this.slots.push(kernel);
      this.kernels.push(kernel);
      // A penalty on the kernel stays one on the effective weights and reaches the scores through the mask.
      if (regularizer != null) this.addLoss(() => regularizer.apply(kernel.read()));
      return kernel as unknown as tf.LayerVariable;
    }

    override call(inputs: tf.Tensor | tf.Tensor[], kwargs: Config): tf.Tensor | tf.Tensor[] {
      const training = kwargs?.training === true;
      for (const kernel of this.kernels) kernel.training = training;
      try {
        return super.call(inputs, kwargs);
      } finally {
        for (const kernel of this.kernels) kernel.training = false;
      }
    }

    override getConfig(): Config {
      return { ...super.getConfig(), masking: { ...packMasking(this.masking) } };
    }

    protected override disposeWeights(): number {
      for (const kernel of this.kernels) kernel.dispose();
      return super.disposeWeights();
    }

    #check(masking: KernelMasking, shape: tf.Shape, constraint: unknown): void {
      if (constraint != null) {
        throw new Error(
          `Masked layer '${this.name}': a constraint on '${masking.weight}' cannot hold on fixed weights; ` +
            'remove it or leave the layer out with maskModel’s exclude.',
        );
      }
      if (`${shape}` !== `${masking.fill.shape}`) {
        throw new Error(
          `Masked layer '${this.name}': '${masking.weight}' is [${shape}] but its prototype was planned for ` +
            `[${masking.fill.shape}]; mask the model anew.`,
        );
      }
    }

    #variables(
      masking: KernelMasking,
      shape: number[],
      add: (
        suffix: string,
        shape: tf.Shape,
        initializer: Initializer,
        trainable?: boolean,
      ) => tf.LayerVariable,
      trainable: boolean | undefined,
    ): KernelVariables {
      const { scoreScale, scales } = this.masking;
      const { learner, options } = this.#learner;
      const limit = scoreScale / Math.sqrt(masking.fanIn);
      const own = masking.owner === undefined;
      const scores = own
        ? add('scores', shape, this.#scoreInitializer(masking.index, limit), trainable)
        : null;
      const shared = learner.threshold?.shared?.(options) ?? false;
      // One for the model is a weight of its first masked kernel.
      const holds = own && (!shared || masking.index === 0);
      const start = holds ? (learner.threshold?.start(options, shared ? 1 : limit) ?? null) : null;
      const threshold =
        start === null
          ? null
          : add('threshold', [], tf.initializers.constant({ value: start }), trainable);
      const given = masking.given ? add('prototype', shape, tf.initializers.zeros(), false) : null;
      if (scales === undefined) return { scores, threshold, given, scales: null };
      const kind = maskable[Base.className]?.[masking.weight];
      const channels = kind?.channels(shape) ?? shape;
      const scaleShape = scales.per === 'channel' ? channels : shape.map(() => 1);
      const variable = add('scales', scaleShape, tf.initializers.ones(), trainable);
      return { scores, threshold, given, scales: new LearnedScales(variable, scales.precision) };
    }

    #scoreInitializer(index: number, limit: number): Initializer {
      const { seed } = this.masking;
      return {
        apply: (shape: number[]) => {
          const out = new Float32Array(tf.util.sizeFromShape(shape));
          const source = stream(seed, `scores/${index}`);
          return tf.tensor(fillUniform(source, out, { low: -limit, high: limit }), shape);
        },
      } as unknown as Initializer;
    }
  };
}

// Saved models name the masked classes, so they are defined and registered when this module is loaded. tfjs keeps the stock
// classes by name; a custom build of tfjs may lack some.
const stock: Record<string, unknown> = {
  [PleatMultiHeadAttentionLayer.className]: PleatMultiHeadAttentionLayer,
};
const { classNameMap } = tf.serialization.SerializationMap.getMap();
const classes = Object.keys(maskable).flatMap((className) => {
  const Base = stock[className] ?? classNameMap[className]?.[0];
  return Base === undefined ? [] : [masked(Base as LayerClass)];
});
for (const Masked of classes) tf.serialization.registerClass(Masked as never);

/** Tells whether a layer is a masked one. */
export function isMasked(layer: tf.layers.Layer): layer is MaskedLayer {
  return classes.some((Masked) => layer instanceof Masked);
}
