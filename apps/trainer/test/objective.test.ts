import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { encodeModel, maskBits } from '@pleat/mask';
import { createModel } from '@pleat/models';
import { distillationLoss, softmaxCrossEntropy } from '@pleat/ops';
import * as tf from '@tensorflow/tfjs';
import { beforeAll, expect, test } from 'vitest';
import { trainLoop } from '../src/train/loop.ts';
import { openRun, temporaryFolder } from './run-fixture.ts';

beforeAll(async () => {
  await tf.setBackend('cpu');
});

async function teacherFile(): Promise<string> {
  const { model } = await openRun(temporaryFolder(), { method: 'dense', seed: 9 });
  // A teacher with an opinion, which an untrained one lacks.
  const classifier = model.layers.at(-1) as tf.layers.Layer;
  const bias = classifier.weights.find(({ shape }) => shape.length === 1);
  bias?.write(tf.oneHot(tf.scalar(3, 'int32'), 10).toFloat().mul(6).as1D());
  const path = join(temporaryFolder(), 'teacher.pleat');
  writeFileSync(path, await encodeModel(model));
  return path;
}

const x = tf.randomNormal([5, 28, 28, 1], 0, 1, 'float32', 1);
const labels = tf.tensor1d([1, 2, 3, 4, 5], 'int32');
const one = (loss: tf.Tensor) => loss.dataSync()[0] as number;

test('a teacher has its share of the loss', async () => {
  const teacher = await teacherFile();
  const options = { teacher, distillWeight: 0.3, temperature: 2 };
  const { model, objective } = await openRun(temporaryFolder(), options);
  const logits = model.predict(x) as tf.Tensor;
  const taught = objective.teach(x) as tf.Tensor;
  const expected =
    0.7 * one(softmaxCrossEntropy(labels, logits)) +
    0.3 * one(distillationLoss(taught, logits, { temperature: 2 }));
  expect(one(objective.loss(labels, logits, taught))).toBeCloseTo(expected, 4);
});

test('a student comes closer to its teacher, which stays as it is and costs no tensor a step', async () => {
  const teacher = await teacherFile();
  const options = { method: 'dense', teacher, distillWeight: 0.9, epochs: 6, limit: 96 };
  const run = await openRun(temporaryFolder(), options);
  const distance = () => {
    const taught = run.objective.teach(x) as tf.Tensor;
    return one(distillationLoss(taught, run.model.predict(x) as tf.Tensor));
  };
  const before = distance();
  const said = (run.objective.teach(x) as tf.Tensor).dataSync();
  const counts: number[] = [];
  run.progress.update = () => counts.push(tf.memory().numTensors);
  await trainLoop(run);
  run.metrics.close();
  expect(distance()).toBeLessThan(before);
  expect((run.objective.teach(x) as tf.Tensor).dataSync()).toEqual(said);
  expect(new Set(counts.slice(1)).size).toBe(1);
});

test('a price of bits adds that price times the bits a weight', async () => {
  const { model, objective } = await openRun(temporaryFolder(), {
    learner: 'threshold',
    bitPrice: 2,
  });
  const logits = model.predict(x) as tf.Tensor;
  const scores = model.weights.filter(({ name }) => name.includes('_scores'));
  const count = scores.reduce((sum, w) => sum + tf.util.sizeFromShape(w.shape as number[]), 0);
  const expected = one(softmaxCrossEntropy(labels, logits)) + (2 * one(maskBits(model))) / count;
  expect(one(objective.loss(labels, logits, null))).toBeCloseTo(expected, 4);
});

test('a teacher that is not there or does not fit is refused in one sentence', async () => {
  await expect(openRun(temporaryFolder(), { teacher: 'none.pleat' })).rejects.toThrow(
    /no file or folder none.pleat/,
  );
  const small = createModel('convmixer', { inputShape: [8, 8, 1], classes: 10, dim: 8, depth: 1 });
  const misfit = join(temporaryFolder(), 'misfit.pleat');
  writeFileSync(misfit, await encodeModel(small));
  await expect(openRun(temporaryFolder(), { teacher: misfit })).rejects.toThrow(
    /The model takes images/,
  );
});
