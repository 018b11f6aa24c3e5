// Slimmable training (Yu et al., "Slimmable neural networks", ICLR 2019): one set of kernels of which a narrower network uses the
// first channels, batch norms of its own for each width, and in every step the sum of the losses of all widths.
import { layerPlaces, weightName } from '@pleat/ops';
import * as tf from '@tensorflow/tfjs';
import { gradientsOf, sumOf } from './tasks.mjs';

const isNorm = (layer) => layer.weights.some((weight) => weightName(weight) === 'moving_mean');

/** Lets a narrower model read its kernels and biases as the first channels of the whole one's. */
function share(whole, narrow) {
  const sources = new Map(layerPlaces(whole).map(({ path, layer }) => [path, layer]));
  const shared = [];
  for (const { path, layer } of layerPlaces(narrow)) {
    if (isNorm(layer)) continue;
    layer.weights.forEach((weight, i) => {
      const source = sources.get(path).weights[i];
      const begin = weight.shape.map(() => 0);
      weight.read = () => tf.slice(source.read(), begin, weight.shape);
      shared.push(source.read());
    });
  }
  const own = layerPlaces(narrow).filter(({ layer }) => isNorm(layer));
  const norms = own.flatMap(({ layer }) => layer.trainableWeights.map((weight) => weight.read()));
  return [...shared, ...norms];
}

/**
 * @param build makes the network with a share of its channels
 * @param shares the widths, the whole first
 */
export function slimmableTask(build, shares) {
  const whole = build(shares[0]);
  const widths = shares.map((each, i) => {
    const model = i === 0 ? whole : build(each);
    const variables =
      i === 0 ? model.trainableWeights.map((weight) => weight.read()) : share(whole, model);
    return { share: each, model, variables };
  });
  return {
    widths,
    gradients({ x, y }) {
      return sumOf(
        widths.map(({ model, variables }) => {
          const { loss, grads } = gradientsOf(model, variables, x, y);
          return { loss, grads };
        }),
      );
    },
    /** The plain networks of all widths, with weights of their own. */
    extract() {
      return widths.map(({ share: each, model }) => {
        const plain = build(each);
        const values = tf.tidy(() => model.weights.map((weight) => tf.keep(weight.read().clone())));
        plain.weights.forEach((weight, i) => {
          weight.write(values[i]);
        });
        tf.dispose(values);
        return { share: each, model: plain };
      });
    },
  };
}
