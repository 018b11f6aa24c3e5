// CIFAR-10 split as every figure here uses it: of the four training files data_batch_1 .. 4 the last 5,000 images of the fourth are
// the validation split, the 35,000 before them are trained on. Nothing is ever chosen by looking at the validation split.
import { batches, loadDataset } from '@pleat/datasets';
import * as tf from '@tensorflow/tfjs';

const files = 4;
const held = 5000;
const pixels = 32 * 32 * 3;

const part = ({ images, labels }, from, to) => ({
  images: images.subarray(from * pixels, to * pixels),
  labels: labels.subarray(from, to),
  length: to - from,
});

/** Mean and standard deviation of each channel, in 0 .. 1. */
function statistics({ images }) {
  const [sums, squares] = [
    [0, 0, 0],
    [0, 0, 0],
  ];
  for (let i = 0; i < images.length; i++) {
    const value = images[i];
    sums[i % 3] += value;
    squares[i % 3] += value * value;
  }
  const count = images.length / 3;
  const mean = sums.map((sum) => sum / count);
  const std = squares.map((square, c) => Math.sqrt(square / count - mean[c] ** 2));
  return { mean: mean.map((m) => m / 255), std: std.map((s) => s / 255) };
}

/**
 * @param data folder of the files (default: where `@pleat/datasets` looks)
 * @param limit at most this many training and validation images, for a smoke test
 * @param validation at most this many validation images, the first ones
 */
export async function loadImages({ data, limit, validation: count = held } = {}) {
  const options = { download: false, validation: 0, ...(data && { data }) };
  const { train: all, shape, classes } = await loadDataset('cifar10', options);
  if (all.length < files * 10000) {
    throw new Error(
      `The experiment takes data_batch_1.bin to data_batch_4.bin of CIFAR-10, 40,000 images; found ${all.length}.`,
    );
  }
  const end = files * 10000 - held;
  const train = part(all, 0, Math.min(limit ?? end, end));
  const validation = part(all, end, end + Math.min(limit ?? held, count));
  return { train, validation, shape, classes: classes.length, normalize: statistics(train) };
}

/** The batches of one epoch: random crop over a border of 4, flip. */
export function trainingBatches({ train, shape, normalize }, { batch, seed, epoch }) {
  return batches(train, {
    shape,
    batchSize: batch,
    seed,
    epoch,
    dropRemainder: true,
    augment: [{ name: 'random-crop', padding: 4 }, { name: 'flip' }],
    normalize,
  });
}

/** A batch as tensors. */
export function tensorsOf({ images, labels, size }, shape) {
  return { x: tf.tensor4d(images, [size, ...shape]), y: tf.tensor1d(labels, 'int32') };
}

/**
 * Share of a split a model gets right, in per cent.
 * @param forward from images to logits
 */
export async function accuracy(forward, split, { shape, normalize }) {
  let right = 0;
  const options = { shape, batchSize: Math.min(500, split.length), shuffle: false, normalize };
  for await (const batch of batches(split, options)) {
    const correct = tf.tidy(() => {
      const { x, y } = tensorsOf(batch, shape);
      return forward(x).argMax(-1).equal(y).sum();
    });
    right += (await correct.data())[0];
    correct.dispose();
  }
  return (100 * right) / split.length;
}
