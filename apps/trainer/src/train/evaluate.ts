import { batches, type Dataset, type Split } from '@pleat/datasets';
import * as tf from '@tensorflow/tfjs';

/** How well a model does on a split. */
export interface Evaluation {
  images: number;
  correct: number;
  /** Share of 1. */
  accuracy: number;
  /** Mean cross entropy in nats. */
  loss: number;
  /** `confusion[truth][prediction]`: images counted. */
  confusion: number[][];
  /** Predicted class per image. */
  predictions: Uint16Array;
}

// One size everywhere, so that training and `pleat eval` compute the same sums in the same order.
const evaluationBatch = 100;

/** Yields to timers and signals. */
export function breathe(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

/** -log of the softmax of one row at `label`, in float64. */
function crossEntropy(row: Float32Array, label: number, probabilities: boolean): number {
  if (probabilities) return -Math.log(Math.max(row[label]!, 1e-12));
  let peak = Number.NEGATIVE_INFINITY;
  for (const value of row) peak = Math.max(peak, value);
  let sum = 0;
  for (const value of row) sum += Math.exp(value - peak);
  return peak + Math.log(sum) - row[label]!;
}

/** The index of the largest value; the first of equals. */
export function argMax(row: Float32Array): number {
  let best = 0;
  for (let i = 1; i < row.length; i++) if (row[i]! > row[best]!) best = i;
  return best;
}

/** Whether a model gives probabilities instead of logits. */
export function endsInSoftmax(model: tf.LayersModel): boolean {
  return model.layers.at(-1)?.getConfig().activation === 'softmax';
}

/**
 * Runs a model over a split, in order and without augmentation.
 *
 * @param normalize mean and standard deviation per channel, as in training
 * @param onBatch called after each batch; may throw to stop
 */
export async function evaluate(
  model: tf.LayersModel,
  split: Split,
  { shape, classes, mean, std }: Pick<Dataset, 'shape' | 'classes' | 'mean' | 'std'>,
  onBatch: (done: number) => void = () => undefined,
): Promise<Evaluation> {
  const confusion = classes.map(() => classes.map(() => 0));
  const predictions = new Uint16Array(split.length);
  const probabilities = endsInSoftmax(model);
  let correct = 0;
  let loss = 0;
  let done = 0;
  const source = batches(split, {
    shape,
    batchSize: evaluationBatch,
    shuffle: false,
    normalize: { mean, std },
    workers: 0,
  });
  for await (const batch of source) {
    const output = tf.tidy(() => {
      const images = tf.tensor4d(batch.images, [batch.size, ...shape]);
      return model.apply(images, { training: false }) as tf.Tensor;
    });
    const values = (await output.data()) as Float32Array;
    output.dispose();
    const width = values.length / batch.size;
    for (let i = 0; i < batch.size; i++) {
      const row = values.subarray(i * width, (i + 1) * width);
      const truth = batch.labels[i]!;
      const guess = argMax(row);
      confusion[truth]![guess]!++;
      predictions[done + i] = guess;
      if (guess === truth) correct++;
      loss += crossEntropy(row, truth, probabilities);
    }
    done += batch.size;
    onBatch(done);
    await breathe();
  }
  return {
    images: done,
    correct,
    accuracy: correct / done,
    loss: loss / done,
    confusion,
    predictions,
  };
}
