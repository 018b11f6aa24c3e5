// The models behind the golden files, and what reading those must give, computed from the numbers below by plain arithmetic.
import { fillSign, fillUniform, stream } from '@pleat/random';
import * as tf from '@tensorflow/tfjs';
import {
  type Calibration,
  type EncodeOptions,
  isScore,
  type MaskOptions,
  maskModel,
} from '../src/index.ts';

/** One way of storing models. */
export interface Form {
  build(): tf.LayersModel;
  options?: EncodeOptions;
  calibrate?(): Calibration;
  /** The weights of the model that is read, in order. */
  expected: number[][];
}

const list = (size: number, value: (i: number) => number): number[] =>
  Array.from({ length: size }, (_, i) => value(i));

/** Fixed values: eighths, none of them 0. */
const value = (i: number): number => (((i * 37) % 16) - 7.5) / 8;
/** Scores of either sign, all magnitudes different below 1009 of them. */
const score = (i: number): number => ((i % 2 === 0 ? 1 : -1) * ((i * 53) % 1009)) / 1009;
const bias = (i: number): number => (i - 2) / 4;

/** Dense layers with those values and biases. */
function dense(...sizes: number[]): tf.LayersModel {
  const layers = sizes.slice(1).map((units, i) =>
    tf.layers.dense({
      units,
      name: `dense_${i}`,
      ...(i === 0 && { inputShape: [sizes[0] as number] }),
    }),
  );
  const model = tf.sequential({ name: 'golden', layers });
  tf.tidy(() =>
    model.setWeights(
      model.getWeights().map((w) => tf.tensor(list(w.size, w.rank > 1 ? value : bias), w.shape)),
    ),
  );
  return model;
}

/** A model masked over its own kernels, its scores set; thresholds too, if there are such. */
function masked(
  plain: tf.LayersModel,
  options: MaskOptions,
  scores: (i: number) => number = score,
  others: Record<string, (i: number) => number> = {},
): tf.LayersModel {
  const model = maskModel(plain, { values: 'model', ...options });
  tf.tidy(() => {
    for (const weight of model.trainableWeights) {
      const { size, shape } = weight.read();
      const other = Object.entries(others).find(([name]) =>
        weight.originalName.includes(name),
      )?.[1];
      if (isScore(weight.originalName)) weight.write(tf.tensor(list(size, scores), shape));
      else if (other !== undefined) weight.write(tf.tensor(list(size, other), shape));
    }
  });
  return model;
}

/** Which of the scores are among the k largest by magnitude. */
function largest(size: number, k: number, scores: (i: number) => number): boolean[] {
  const order = list(size, (i) => i).sort((a, b) => Math.abs(scores(b)) - Math.abs(scores(a)));
  const chosen = new Set(order.slice(0, k));
  return Array.from({ length: size }, (_, i) => chosen.has(i));
}

const biases = (size: number): number[] => list(size, bias);
const signed = (i: number): number => (score(i) >= 0 ? 1 : -1) * Math.abs(value(i));

const ternaryKept = largest(192, 77, score);
// Positive values are kept more often: the mask is coded with their signs as context.
const leaning = (i: number): number => score(i) * (value(i) > 0 ? 1 : 0.4);
const leaningKept = largest(1008, 302, leaning);
const channelScale = (i: number): number => 0.5 + [0, 13, 255, 77][i]! / 64;
const draws = fillUniform(stream(9, 'freeze/0'), new Float32Array(64));

// A mask of 2^20 weights fills a bundle; the next one begins another.
const wide = { seed: 3, magnitude: Math.fround(Math.sqrt(2 / 1024)) };
const striped = (i: number): number => (i % 3 === 0 ? 1 : -1);
const bigSize = 2 ** 20;

const gamma = [2, -1, 0.5, 1.5];
const beta = [0.25, 0, -1, 0.5];
const mean = [1, -0.5, 0.25, 0];
const variance = [4, 0.25, 1, 2];
const epsilon = 1e-3;
const batch = [
  [1, 2, -1],
  [0, 1, 3],
  [-2, 0.5, 1],
  [4, -1, 0],
];

function normed(): tf.LayersModel {
  const model = tf.sequential({
    name: 'golden',
    layers: [
      tf.layers.dense({ inputShape: [3], units: 4, useBias: false, name: 'dense_0' }),
      tf.layers.batchNormalization({ epsilon, name: 'norm' }),
    ],
  });
  tf.tidy(() =>
    model.setWeights([
      tf.tensor(list(12, value), [3, 4]),
      ...[gamma, beta, mean, variance].map((vector) => tf.tensor1d(vector)),
    ]),
  );
  return masked(model, { learner: 'signed' });
}
const column = (row: number[], j: number): number =>
  row.reduce((sum, x, i) => sum + x * signed(4 * i + j), 0);
const average = (values: number[]): number => values.reduce((a, b) => a + b, 0) / values.length;
const outputs = list(4, (j) => j).map((j) => batch.map((row) => column(row, j)));

const prunedTo = (i: number): number => (i % 7 === 0 ? 0.25 + ((i * 5) % 16) / 32 : 0);
const twoValued = (i: number): number => ((i * 11) % 5 < 2 ? -1 : 1) * (1 + (i % 8) / 4);

// What is dropped is a value times 0, and so -0 below 0.
/** Every form that is newer than the first version's file. */
export const forms: Record<string, Form> = {
  ternary: {
    build: () => masked(dense(12, 16), { learner: { name: 'ternary', keep: 0.4 } }),
    expected: [list(192, (i) => (ternaryKept[i] ? signed(i) : 0)), biases(16)],
  },
  'ternary-learned': {
    build: () =>
      masked(dense(12, 16), { learner: { name: 'ternary', select: 'learned' } }, score, {
        threshold: () => 0.75,
      }),
    expected: [list(192, (i) => (Math.abs(score(i)) > 0.75 ? signed(i) : 0)), biases(16)],
  },
  hints: {
    build: () => masked(dense(28, 36), { learner: { name: 'edge-popup', keep: 0.3 } }, leaning),
    expected: [list(1008, (i) => value(i) * (leaningKept[i] ? 1 : 0)), biases(36)],
  },
  'learned-keep': {
    build: () =>
      masked(dense(10, 20, 5), { learner: 'learned-keep' }, score, { threshold: () => 0.625 }),
    expected: [
      list(200, (i) => value(i) * (Math.abs(score(i)) > 0.625 ? 1 : 0)),
      biases(20),
      list(100, (i) => value(i) * (Math.abs(score(i)) > 0.625 ? 1 : 0)),
      biases(5),
    ],
  },
  'scales-float16': {
    build: () =>
      masked(dense(20, 4), { learner: 'signed', scales: 'channel' }, score, {
        scale: channelScale,
      }),
    expected: [list(80, (i) => signed(i) * channelScale(i % 4)), biases(4)],
  },
  'scales-uint8': {
    build: () =>
      masked(
        dense(20, 4),
        { learner: 'threshold', scales: { per: 'channel', precision: 'uint8' } },
        score,
        { scale: channelScale },
      ),
    expected: [list(80, (i) => value(i) * (score(i) > 0 ? 1 : 0) * channelScale(i % 4)), biases(4)],
  },
  'frozen-folded': {
    build: () =>
      masked(dense(8, 8, 8), {
        learner: 'signed',
        seed: 9,
        fold: 2,
        freeze: { kept: 0.25, dropped: 0.25 },
      }),
    expected: [0, 1].flatMap(() => [
      list(64, (i) => {
        const drawn = draws[i] as number;
        if (drawn < 0.25) return value(i);
        return drawn < 0.5 ? 0 : signed(i);
      }),
      biases(8),
    ]),
  },
  bundles: {
    build: () => {
      const options = { learner: 'threshold', seed: wide.seed, prototype: { ratio: 1e-5 } };
      const model = maskModel(dense(1024, 1024, 3), options);
      tf.tidy(() => {
        for (const weight of model.trainableWeights.filter((w) => isScore(w.originalName))) {
          const { size, shape } = weight.read();
          weight.write(
            tf.tensor(
              Float32Array.from({ length: size }, (_, i) => striped(i)),
              shape,
            ),
          );
        }
      });
      return model;
    },
    get expected() {
      const vector = fillSign(stream(wide.seed, 'prototype/0'), new Float32Array(11), wide);
      const at = (i: number) => (vector[i % 11] as number) * (striped(i) > 0 ? 1 : 0);
      return [list(bigSize, at), biases(1024), list(3072, at), biases(3)];
    },
  },
  'norms-folded': {
    build: normed,
    options: { norms: 'fold', tensors: 'float16' },
    get expected() {
      const scale = gamma.map((g, j) => g / Math.sqrt(variance[j]! + epsilon));
      const shift = beta.map((b, j) => b - mean[j]! * scale[j]!);
      return [list(12, signed), scale, shift, [0, 0, 0, 0], list(4, () => 1 - epsilon)];
    },
  },
  'norms-recomputed': {
    build: normed,
    options: { norms: 'recompute', tensors: 'float16' },
    calibrate: () => tf.tensor2d(batch),
    expected: [
      list(12, signed),
      gamma,
      beta,
      outputs.map(average),
      outputs.map((own) => average(own.map((y) => (y - average(own)) ** 2))),
    ],
  },
  pruned: {
    build: () => {
      const model = dense(16, 24, 8);
      tf.tidy(() =>
        model.setWeights(
          model.getWeights().map((w, i) => {
            if (w.rank < 2) return w;
            return tf.tensor(list(w.size, i === 0 ? prunedTo : twoValued), w.shape);
          }),
        ),
      );
      return model;
    },
    options: { kept: 'uint4' },
    expected: [list(384, prunedTo), biases(24), list(192, twoValued), biases(8)],
  },
};
