import type { SlotRole } from '@pleat/channels';
import { layerPlaces, weightName } from '@pleat/ops';
import type * as tf from '@tensorflow/tfjs';
import type { AxisSampler } from '../axis.ts';
import { normsAfter } from '../fold.ts';
import { type IntegralState, stateOf } from '../state.ts';
import type { GridSampler } from '../weight.ts';

/** A kernel that its layer is linear in, in the plain model and in the integral one it was extracted from. */
export interface LinearLayer {
  path: string;
  /** The kernel's name; attention has four. */
  name: string;
  plain: tf.layers.Layer;
  /** The kernel's coefficients, [.., channels before sampling]. */
  coefficients: tf.Tensor;
  /** The kernel of the plain model. */
  kernel: tf.LayerVariable;
  bias: tf.LayerVariable | undefined;
  sampler: GridSampler;
  /** The axis of the kernel that makes channels. */
  output: AxisSampler;
  /** The axis it reads channels from; undefined for a depthwise kernel, which makes each channel of itself. */
  input: AxisSampler | undefined;
  /** The batch norm that alone reads the layer. */
  norm: tf.layers.Layer | undefined;
}

const attentionKernels = ['query_kernel', 'key_kernel', 'value_kernel', 'output_kernel'];
const kernels = ['kernel', 'depthwise_kernel', ...attentionKernels];

function shapesAgree(a: readonly (number | null)[], b: readonly (number | null)[]): boolean {
  return a.length === b.length && a.every((size, i) => size === b[i]);
}

/** The variable of a layer by its name. */
export function weightOf(layer: tf.layers.Layer, name: string): tf.LayerVariable | undefined {
  return layer.weights.find((weight) => weightName(weight) === name);
}

/**
 * The state of an integral model, after checking that a plain one has its sizes of now.
 * @throws TypeError, Error When it has not.
 */
export function requireExtracted(
  who: string,
  plain: tf.LayersModel,
  integral: tf.LayersModel,
): IntegralState {
  const state = stateOf(who, integral);
  const own = new Map(layerPlaces(plain).map(({ path, layer }) => [path, layer]));
  for (const { path, layer } of layerPlaces(integral)) {
    const twin = own.get(path);
    const fits =
      twin?.weights.length === layer.weights.length &&
      layer.weights.every((weight, i) => {
        const shape = weight.shape as number[];
        const sampled = state.samplers.get(weight)?.shape(shape) ?? shape;
        return shapesAgree(sampled, (twin.weights[i] as tf.LayerVariable).shape);
      });
    if (fits) continue;
    throw new Error(
      `${who}: layer '${path}' of the plain model is not as wide as the integral model is now; give what extract of the integral model returns.`,
    );
  }
  return state;
}

/** The kernels of convolutions, dense layers and attention whose channels are known, in the order in which they compute. */
export function linearLayers(state: IntegralState, plain: tf.LayersModel): LinearLayer[] {
  const twins = new Map(layerPlaces(plain).map(({ path, layer }) => [path, layer]));
  const norms = normsAfter(plain);
  return layerPlaces(state.model).flatMap(({ path, layer }): LinearLayer[] => {
    const twin = twins.get(path) as tf.layers.Layer;
    const norm = norms.get(path);
    // The second kernel of a separable convolution is not known to the repairs, and its bias is not of the first.
    if (weightOf(layer, 'pointwise_kernel') !== undefined) return [];
    return layer.weights.flatMap((coefficients, index): LinearLayer[] => {
      const name = weightName(coefficients);
      const sampler = kernels.includes(name) ? state.samplers.get(coefficients) : undefined;
      if (sampler === undefined) return [];
      const axis = (role: SlotRole) => sampler.axisOf(role);
      const output = axis('output') ?? axis('depthwise');
      if (output === undefined) return [];
      const own = attentionKernels.includes(name) ? name.replace('kernel', 'bias') : 'bias';
      return [
        {
          path,
          name,
          plain: twin,
          coefficients: coefficients.read(),
          kernel: twin.weights[index] as tf.LayerVariable,
          bias: weightOf(twin, own),
          sampler,
          output,
          input: axis('input'),
          norm: norm === undefined ? undefined : twins.get(norm),
        },
      ];
    });
  });
}
