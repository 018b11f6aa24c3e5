import {
  PleatBatchNormLayer,
  PleatClassTokenLayer,
  PleatLayerNormLayer,
  PleatMultiHeadAttentionLayer,
  PleatPositionEmbeddingLayer,
} from '@pleat/ops';
import * as tf from '@tensorflow/tfjs';
import { integralClasses, integralName } from './kinds.ts';
import { SampledWeight } from './sampled-weight.ts';

/** A layer whose weights are sampled from coefficients. */
export interface IntegralLayer extends tf.layers.Layer {
  /** Every weight, in the order of `weights`. */
  readonly sampled: readonly SampledWeight[];
}

type Config = tf.serialization.ConfigDict;
interface LayerClass {
  new (config: Config): tf.layers.Layer;
  className: string;
}
type AddWeight = (name: string, ...rest: unknown[]) => tf.LayerVariable;

/** Makes the integral form of a layer class: the same layer, whose weights are read through samplers. */
function integral(Base: LayerClass): LayerClass {
  return class Integral extends Base implements IntegralLayer {
    static override className: string = integralName(Base.className) as string;
    readonly sampled: SampledWeight[] = [];

    protected override addWeight(name: string, ...rest: never[]): tf.LayerVariable {
      const add = super.addWeight as unknown as AddWeight;
      const weight = new SampledWeight(name, add.call(this, name, ...rest));
      this.sampled.push(weight);
      return weight as unknown as tf.LayerVariable;
    }

    override build(inputShape: tf.Shape | tf.Shape[]): void {
      super.build(inputShape);
      // Channels may come and go: what is asked of an input is its rank alone.
      this.inputSpec = this.inputSpec?.map(
        ({ ndim }) => new tf.InputSpec(ndim == null ? {} : { ndim }),
      ) as tf.InputSpec[];
    }

    override call(inputs: tf.Tensor | tf.Tensor[], kwargs: Config): tf.Tensor | tf.Tensor[] {
      if (this instanceof PleatMultiHeadAttentionLayer) fitHeads(this);
      return super.call(inputs, kwargs);
    }
  };
}

/** Attention with fewer heads, or more, than it was built with. */
function fitHeads(layer: PleatMultiHeadAttentionLayer): void {
  const { headCount } = layer as unknown as { headCount?: number };
  if (headCount !== undefined) (layer as { heads: number }).heads = headCount;
}

// Saved models name the integral classes, so they are defined and registered when this module is loaded. tfjs keeps the
// stock classes by name; a custom build of tfjs may lack some.
const own: Record<string, unknown> = {
  PleatBatchNorm: PleatBatchNormLayer,
  PleatLayerNorm: PleatLayerNormLayer,
  PleatMultiHeadAttention: PleatMultiHeadAttentionLayer,
  PleatClassToken: PleatClassTokenLayer,
  PleatPositionEmbedding: PleatPositionEmbeddingLayer,
};
const { classNameMap } = tf.serialization.SerializationMap.getMap();
const classes = integralClasses.flatMap((className) => {
  const Base = own[className] ?? classNameMap[className]?.[0];
  return Base === undefined ? [] : [integral(Base as LayerClass)];
});
for (const Class of classes) tf.serialization.registerClass(Class as never);

/** Tells whether a layer is an integral one. */
export function isIntegral(layer: tf.layers.Layer): layer is IntegralLayer {
  return classes.some((Class) => layer instanceof Class);
}
