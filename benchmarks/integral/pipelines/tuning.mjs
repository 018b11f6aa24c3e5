// How partitions are tuned and models repaired: on few training images, never on the validation split.

import { batches } from '@pleat/datasets';
import { fitLeastSquares, recalibrate, rescale, tunePartitions } from '@pleat/integral';
import { adam } from '@pleat/optim';
import { permutation, stream } from '@pleat/random';
import { tensorsOf } from './data.mjs';

/** The same for every order of the channels. */
export const tuning = { images: 2048, batch: 128, passes: 2, learningRate: 0.02 };

/** Images a repair or a feature map's statistics sees; their labels are not looked at. */
export const unlabelled = { images: 2048, batch: 256 };

/** Images of the least-squares fit, which takes up to 4,096 pixels of each batch. */
const fitted = { images: 512, batch: 256 };

/** Batches of the first images of a seeded order of the training split, not augmented. */
async function* fewBatches({ train, shape, normalize }, { images, batch, passes = 1, seed }) {
  const size = shape.reduce((a, b) => a * b);
  const count = Math.min(images, train.length);
  const order = permutation(stream(seed, 'few'), train.length).slice(0, count);
  const few = {
    images: new Uint8Array(count * size),
    labels: new Uint8Array(count),
    length: count,
  };
  order.forEach((at, i) => {
    few.images.set(train.images.subarray(at * size, (at + 1) * size), i * size);
    few.labels[i] = train.labels[at];
  });
  for (let epoch = 0; epoch < passes; epoch++) {
    const options = { shape, batchSize: Math.min(batch, count), normalize, seed, epoch };
    for await (const each of batches(few, { ...options, dropRemainder: true })) {
      yield tensorsOf(each, shape);
    }
  }
}

/** Images alone. */
export async function* inputs(images, seed, counts = unlabelled) {
  for await (const { x, y } of fewBatches(images, { ...counts, seed })) {
    y.dispose();
    yield x;
  }
}

/** Tunes the positions of a resized integral model; with `norms` its biases, scales, shifts and norms' statistics too. */
export async function tune(model, images, { seed, norms = false }) {
  const { learningRate } = tuning;
  const optimizer = adam({ learningRate });
  const steps = Math.floor(Math.min(tuning.images, images.train.length) / tuning.batch);
  const total = Math.max(1, steps) * tuning.passes;
  const losses = await tunePartitions(model, fewBatches(images, { ...tuning, seed }), {
    ...{ optimizer, biases: norms, norms },
    onStep: (step) => {
      optimizer.learningRate = learningRate * (1 - step / total);
    },
  });
  optimizer.dispose();
  return losses;
}

/** Repairs of a plain model that was extracted from an integral one, by name; `data` tells whether images are looked at. */
export const repairs = {
  rescale: { data: false, apply: (plain, integral) => rescale(plain, integral) },
  statistics: {
    data: true,
    apply: (plain, _integral, images, seed) => recalibrate(plain, inputs(images, seed)),
  },
  'least squares': {
    data: true,
    apply: (plain, integral, images, seed) =>
      fitLeastSquares(plain, integral, inputs(images, seed, fitted)),
  },
};
