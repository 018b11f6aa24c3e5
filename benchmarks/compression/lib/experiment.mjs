// One small training run, the same for every experiment here: a model on the Fashion-MNIST images that ship with the
// packages, masks and schedules as asked for, accuracy on images that were not trained on.
import { batches, loadDataset } from '@pleat/datasets';
import { maskModel, setTrainingStep } from '@pleat/mask';
import { createModel } from '@pleat/models';
import { softmaxCrossEntropy } from '@pleat/ops';
import { adamw, sgd, triangular } from '@pleat/optim';
import * as tf from '@tensorflow/tfjs';

/** Starts libtorch where there is one, else the wasm engine; gives its name. */
export async function startEngine() {
  const threads = Number(process.env.PLEAT_THREADS ?? 1);
  try {
    const { registerTorch } = await import('@pleat/backend-torch');
    await registerTorch({ threads });
    await tf.setBackend('torch');
    return 'torch';
  } catch {
    const { registerWasm } = await import('@pleat/backend-wasm');
    await registerWasm({ threads });
    await tf.setBackend('wasm');
    return 'wasm';
  }
}

const sizes = {
  convmixer: { dim: 48, depth: 2, kernelSize: 5, patchSize: 4 },
  vit: { dim: 48, depth: 2, heads: 4, patchSize: 4 },
};

/** The data; a tenth of the training images is held out, and only that tenth is looked at while choosing. */
export async function loadData(seed, limit = 9000) {
  const data = await loadDataset('fashion-mnist-subset', { seed, validation: 0.1 });
  const length = Math.min(limit, data.train.length);
  const pixels = data.shape.reduce((a, b) => a * b, 1);
  const images = data.train.images.subarray(0, length * pixels);
  return { ...data, train: { images, labels: data.train.labels.subarray(0, length), length } };
}

/**
 * Trains one model.
 *
 * @param data what loadData gave
 * @param options model and its sizes, `mask` (options of maskModel, or null for a dense model), epochs, batch, learningRate,
 *   weightDecay, optimizer, seed, `penalty(model)`: a term of the loss, `before(model)`: run once before training
 * @returns the trained model and the training images seen
 */
export async function train(
  data,
  {
    model: name = 'convmixer',
    size = {},
    mask = {},
    epochs = 8,
    batch = 64,
    learningRate = mask === null ? 0.01 : 0.02,
    weightDecay = 0.005,
    filter = 'kernels',
    optimizer: kind = 'adamw',
    seed = 0,
    loss = (labels, logits) => softmaxCrossEntropy(labels, logits),
    penalty = null,
    before = () => undefined,
  } = {},
) {
  const { shape, classes, mean, std } = data;
  const plain = createModel(name, {
    inputShape: shape,
    classes: classes.length,
    seed,
    ...sizes[name],
    ...size,
  });
  let model = plain;
  if (mask !== null) {
    const prototype = { offset: 'running', rescale: 'fan-in', ...mask.prototype };
    model = maskModel(plain, { seed, ...mask, prototype });
  }
  await before(model);
  const perEpoch = Math.floor(data.train.length / batch);
  const total = epochs * perEpoch;
  const schedule = triangular({ total, peak: learningRate });
  const optimizer =
    kind === 'adamw'
      ? adamw({ learningRate, weightDecay, filter })
      : sgd({ learningRate, momentum: 0.9, weightDecay, filter });
  const variables = model.trainableWeights.map((weight) => weight.read());
  let step = 0;
  for (let epoch = 0; epoch < epochs; epoch++) {
    const source = batches(data.train, {
      shape,
      batchSize: batch,
      seed,
      epoch,
      shuffle: true,
      dropRemainder: true,
      normalize: { mean, std },
      workers: 0,
    });
    for await (const { images, labels, size } of source) {
      optimizer.learningRate = schedule(step);
      if (mask !== null) setTrainingStep(model, step, total);
      tf.tidy(() => {
        const x = tf.tensor4d(images, [size, ...shape]);
        const y = tf.tensor1d(labels, 'int32');
        const { grads } = tf.variableGrads(() => {
          const task = loss(y, model.apply(x, { training: true }), x);
          return penalty === null ? task : task.add(penalty(model));
        }, variables);
        optimizer.applyGradients(grads);
      });
      step++;
    }
  }
  return { model, images: step * batch };
}

/** Share of a split that a model classifies right. */
export async function accuracy(model, split, { shape, mean, std }) {
  let right = 0;
  const source = batches(split, {
    shape,
    batchSize: 200,
    shuffle: false,
    normalize: { mean, std },
    workers: 0,
  });
  for await (const { images, labels, size } of source) {
    right += tf.tidy(() => {
      const guess = model.predict(tf.tensor4d(images, [size, ...shape])).argMax(-1);
      return guess.equal(tf.tensor1d(labels, 'int32')).sum().dataSync()[0];
    });
  }
  return right / split.length;
}

/** Mean and standard deviation (n - 1) of a few numbers. */
export function spread(values) {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const squares = values.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  return { mean, deviation: values.length > 1 ? Math.sqrt(squares / (values.length - 1)) : 0 };
}
