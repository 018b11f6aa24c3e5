// The one loop every training of the experiment goes through: same batches, optimiser and schedule for all.
import { adamw, oneCycle } from '@pleat/optim';
import * as tf from '@tensorflow/tfjs';
import { tensorsOf, trainingBatches } from './data.mjs';

/** What all trainings share; the rate of those that start from trained weights is a quarter. */
export const protocol = {
  optimiser: 'AdamW, weight decay 0.05 on kernels',
  schedule: 'one cycle, peak at 0.3 of the steps',
  learningRate: 0.006,
  weightDecay: 0.05,
  augmentation: 'crop over a border of 4, flip',
};

/** Losses are read, and the device waited for, only this often. */
const readEvery = 20;

/**
 * @param task `gradients({ x, y, step })` gives `{ loss, grads }` of one step
 * @param images of `loadImages`
 * @param options epochs, batch, seed, rate (times that of the protocol), `onSteps(images)`, `stopped()`
 * @returns figures of the run; `complete` is false when it was stopped
 */
export async function train(task, images, options) {
  const { epochs, batch, seed, rate = 1, onSteps, stopped } = options;
  const perEpoch = Math.floor(images.train.length / batch);
  const total = epochs * perEpoch;
  const schedule = oneCycle({ total, peak: protocol.learningRate * rate });
  const optimizer = adamw({ learningRate: 0, weightDecay: protocol.weightDecay });
  const start = performance.now();
  const losses = [];
  let step = 0;
  let sum = tf.scalar(0);
  let counted = 0;
  const read = async () => {
    const [value] = await sum.data();
    sum.dispose();
    sum = tf.scalar(0);
    const mean = value / counted;
    if (!Number.isFinite(mean)) throw new Error(`the loss became ${mean} at step ${step}`);
    onSteps?.(counted * batch);
    counted = 0;
    return mean;
  };
  for (let epoch = 0; epoch < epochs && !stopped?.(); epoch++) {
    let last = Number.NaN;
    for await (const each of trainingBatches(images, { batch, seed, epoch })) {
      const { x, y } = tensorsOf(each, images.shape);
      const { loss, grads } = task.gradients({ x, y, step });
      optimizer.learningRate = schedule(step);
      optimizer.applyGradients(grads);
      const before = sum;
      sum = tf.add(before, loss);
      tf.dispose([x, y, loss, grads, before]);
      step++;
      counted++;
      if (counted === readEvery) last = await read();
      if (stopped?.()) break;
    }
    if (counted > 0) last = await read();
    losses.push(Number(last.toFixed(4)));
  }
  sum.dispose();
  optimizer.dispose();
  const seconds = (performance.now() - start) / 1000;
  return {
    complete: step === total,
    epochs,
    steps: step,
    imagesSeen: step * batch,
    batch,
    lastLosses: losses,
    seconds: Number(seconds.toFixed(1)),
    imagesPerSecond: Math.round((step * batch) / seconds),
  };
}
