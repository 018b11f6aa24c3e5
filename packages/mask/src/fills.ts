import {
  fillLayer,
  type LayerFill,
  type LayerShape,
  type PrototypeOptions,
  type PrototypeSource,
  planPrototype,
} from '@pleat/prototype';
import type * as tf from '@tensorflow/tfjs';

/**
 * Prototype values that do not come from a seed: the model's own kernels, or values for each source of the plan
 * (`source.length` of them). They are stored in the file.
 */
export type PrototypeValues = 'model' | ((source: PrototypeSource) => Float32Array);

/** What a kernel's fixed values are; `values` when they were given. */
export interface KernelFill {
  fill: LayerFill;
  values: Float32Array | null;
}

/** Plans the fixed values of kernels; `weights` are the model's own, in the same order. */
export function planFills(
  shapes: readonly LayerShape[],
  weights: readonly tf.LayerVariable[],
  prototype: PrototypeOptions,
  given: PrototypeValues | undefined,
): KernelFill[] {
  if (given === 'model') {
    return weights.map((weight, i) => {
      const values = weight.read().dataSync<'float32'>().slice();
      const source = { seed: 0, stream: `model/${i}`, distribution: 'normal', scale: 1 } as const;
      const { length } = values;
      const shape = weight.shape as number[];
      const fill = { layer: `${i}`, shape, size: length, offset: 0, scale: 1 };
      return { fill: { ...fill, source: { ...source, length } }, values };
    });
  }
  const { fills } = planPrototype(shapes, prototype);
  if (given === undefined) return fills.map((fill) => ({ fill, values: null }));
  const drawn = new Map<PrototypeSource, Float32Array>();
  return fills.map((fill) => {
    const { source } = fill;
    const values = drawn.get(source) ?? given(source);
    if (!(values instanceof Float32Array) || values.length !== source.length) {
      throw new RangeError(
        `maskModel: values gave ${values?.length} values for a prototype of ${source.length}; expected a Float32Array of that length.`,
      );
    }
    if (!values.every(Number.isFinite)) {
      throw new RangeError('maskModel: values gave a value that is NaN or infinite.');
    }
    drawn.set(source, values);
    // Unscaled: the layer applies the scale itself, so that a file can store the source's own values.
    return { fill, values: fillLayer({ ...fill, scale: 1 }, values) };
  });
}
