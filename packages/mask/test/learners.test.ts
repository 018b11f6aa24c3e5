import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, test } from 'vitest';
import {
  bake,
  decodeModel,
  encodeModel,
  learnerNames,
  maskModel,
  registerLearner,
  setTrainingStep,
} from '../src/index.ts';

beforeAll(async () => {
  await tf.setBackend('cpu');
});

const inputs = 6;
const units = 5;

/** One dense layer of 30 weights whose scores are set; drawn values have magnitude |w|. */
function layer(
  learner: Parameters<typeof maskModel>[1] & object,
  scores?: number[],
): tf.LayersModel {
  const plain = tf.sequential({
    layers: [tf.layers.dense({ inputShape: [inputs], units, useBias: false })],
  });
  const model = maskModel(plain, {
    prototype: { strategy: 'full', distribution: 'kaiming-normal' },
    ...learner,
  });
  if (scores !== undefined) model.weights[0]?.write(tf.tensor2d(scores, [inputs, units]));
  return model;
}

const fixed = (): Float32Array =>
  bake(layer({ learner: { name: 'edge-popup', keep: 1 } }))
    .getWeights()[0]
    ?.dataSync() as Float32Array;
const effective = (model: tf.LayersModel): number[] => [
  ...(bake(model).getWeights()[0] as tf.Tensor).dataSync(),
];
const spread = Array.from({ length: inputs * units }, (_, i) => Math.sin(3 * i + 1) * (1 + i / 30));

/** Gradient for the scores of sum(c * w_effective), with training on or off, and that weight itself. */
function scoreGradient(
  model: tf.LayersModel,
  c: number[],
  training = true,
): { gradient: number[]; weights: number[] } {
  // One-hot rows as inputs read the kernel out.
  const x = tf.eye(inputs);
  let weights: number[] = [];
  const variable = model.weights[0]?.read() as tf.Variable;
  const { grads } = tf.variableGrads(() => {
    const w = model.apply(x, { training }) as tf.Tensor;
    weights = [...w.dataSync()];
    return tf.sum(tf.mul(w, tf.tensor2d(c, [inputs, units]))) as tf.Scalar;
  }, [variable]);
  return { gradient: [...(grads[variable.name] as tf.Tensor).dataSync()], weights };
}
const close = (a: readonly number[], b: readonly number[]): void => {
  expect(a.length).toBe(b.length);
  for (const [i, value] of a.entries()) expect(value).toBeCloseTo(b[i] as number, 5);
};
const c = spread.map((s, i) => Math.cos(i) + s);

describe.each(learnerNames())('contract: %s', (name) => {
  const options = { learner: { name } };

  test('multiplies fixed values by one gain or by nothing, or chooses their sign', () => {
    const weights = effective(layer(options, spread));
    const w = fixed();
    const ratios = weights.map((v, i) => Math.abs(v / (w[i] as number)));
    const gain = Math.max(...ratios);
    for (const ratio of ratios) {
      expect(Math.min(Math.abs(ratio - gain), ratio)).toBeLessThan(1e-6);
    }
  });

  test('gives finite gradients that are not all zero, in training and out of it', () => {
    for (const training of [true, false]) {
      const { gradient } = scoreGradient(layer(options, spread), c, training);
      expect(gradient.every(Number.isFinite)).toBe(true);
      expect(gradient.some((g) => g !== 0)).toBe(true);
    }
  });

  test('starts from scores in +-1 / sqrt(fan-in), the same for the same seed', () => {
    const scores = (seed: number) => [
      ...(layer({ ...options, seed }).getWeights()[0] as tf.Tensor).dataSync(),
    ];
    const limit = 1 / Math.sqrt(inputs);
    expect(scores(1)).toEqual(scores(1));
    expect(scores(1)).not.toEqual(scores(2));
    expect(Math.max(...scores(1).map(Math.abs))).toBeLessThanOrEqual(limit);
    expect(Math.max(...scores(1).map(Math.abs))).toBeGreaterThan(limit / 2);
  });

  test('predicts the same before and after baking, encoding and decoding', async () => {
    const model = layer(options, spread);
    const decoded = await decodeModel(await encodeModel(model));
    expect(decoded.getWeights()[0]?.dataSync()).toEqual(Float32Array.from(effective(model)));
    close(scoreGradient(model, c, false).weights, effective(model));
  });

  test('draws the same masks from the same step on', () => {
    const [one, two] = [layer(options, spread), layer(options, spread)];
    for (const model of [one, two]) setTrainingStep(model, 41);
    scoreGradient(one, c);
    setTrainingStep(one, 42);
    setTrainingStep(two, 42);
    expect(scoreGradient(one, c)).toEqual(scoreGradient(two, c));
  });

  test('refuses options it does not have', () => {
    expect(() => layer({ learner: { name, wrong: 1 } })).toThrow(/unknown option 'wrong'/);
  });

  test('leaks nothing', () => {
    const model = layer(options, spread);
    const x = tf.eye(inputs);
    const step = () => {
      tf.dispose(model.predict(x));
      tf.dispose(
        tf.variableGrads(
          () => tf.sum(model.apply(x, { training: true }) as tf.Tensor) as tf.Scalar,
        ),
      );
    };
    step();
    const before = tf.memory().numTensors;
    for (let i = 0; i < 5; i++) step();
    expect(tf.memory().numTensors).toBe(before);
  });
});

describe('edge-popup', () => {
  test('keeps the largest |score|, as many as a sort says', () => {
    for (const keep of [0.1, 0.5, 0.99, 1, 1e-9]) {
      const weights = effective(layer({ learner: { name: 'edge-popup', keep } }, spread));
      const count = Math.max(1, Math.round(keep * spread.length));
      const cut = spread.map(Math.abs).sort((a, b) => b - a)[count - 1] as number;
      close(
        weights,
        spread.map((s, i) => (Math.abs(s) >= cut ? (fixed()[i] as number) : 0)),
      );
    }
  });
  test('passes dy * w * sign(s) straight through, kept or not', () => {
    const { gradient } = scoreGradient(layer({ learner: 'edge-popup' }, spread), c);
    const w = fixed();
    close(
      gradient,
      spread.map((s, i) => (c[i] as number) * (w[i] as number) * Math.sign(s)),
    );
  });
  test('global scope keeps the share over all layers together', () => {
    const plain = tf.sequential({
      layers: [
        tf.layers.dense({ inputShape: [4], units: 4, useBias: false }),
        tf.layers.dense({ units: 3, useBias: false }),
      ],
    });
    const model = maskModel(plain, { learner: { name: 'edge-popup', keep: 0.5, scope: 'global' } });
    const big = Array.from({ length: 16 }, (_, i) => 10 + i);
    model.weights[0]?.write(tf.tensor2d(big, [4, 4]));
    model.weights[1]?.write(
      tf.tensor2d(
        Array.from({ length: 12 }, (_, i) => 0.1 + i),
        [4, 3],
      ),
    );
    const kept = () =>
      bake(model)
        .getWeights()
        .map((w) => w.dataSync().filter((v) => v !== 0).length);
    // 14 of 28: by hand, the 14 largest are 12..25 of the first layer; 10 and 11 and the whole second layer go.
    expect(kept()).toEqual([14, 0]);
    model.weights[0]?.write(
      tf.tensor2d(
        big.map((v) => v - 10),
        [4, 4],
      ),
    );
    // 0..15 against 0.1..11.1: the 14 largest are 15..9 of both and 8.1..: counted by sort.
    const all = [...big.map((v) => v - 10), ...Array.from({ length: 12 }, (_, i) => 0.1 + i)];
    const cut = [...all].sort((a, b) => b - a)[13] as number;
    expect(kept()).toEqual(
      [all.slice(0, 16), all.slice(16)].map((l) => l.filter((v) => v >= cut).length),
    );
  });
  test('two models that select globally do not mix', async () => {
    const make = () => layer({ learner: { name: 'edge-popup', scope: 'global' } }, spread);
    const [one, two] = [make(), make()];
    const before = effective(one);
    two.weights[0]?.write(tf.neg(tf.ones([inputs, units])));
    expect(effective(one)).toEqual(before);
  });
});

describe('signed', () => {
  test('is |w| times the sign of the score, 0 counting as positive', () => {
    const scores = spread.map((s, i) => (i === 3 ? 0 : s));
    const w = fixed();
    close(
      effective(layer({ learner: 'signed' }, scores)),
      scores.map((s, i) => Math.abs(w[i] as number) * (s >= 0 ? 1 : -1)),
    );
  });
  test('passes dy * |w| straight through, with a clip only within it', () => {
    const w = fixed();
    const through = spread.map((_, i) => (c[i] as number) * Math.abs(w[i] as number));
    close(scoreGradient(layer({ learner: 'signed' }, spread), c).gradient, through);
    const clipped = scoreGradient(layer({ learner: { name: 'signed', clip: 0.9 } }, spread), c);
    close(
      clipped.gradient,
      through.map((g, i) => (Math.abs(spread[i] as number) <= 0.9 ? g : 0)),
    );
  });
  test('refuses a clip that is no positive number', () => {
    for (const clip of [0, -1, Number.NaN, 'x']) {
      expect(() => layer({ learner: { name: 'signed', clip } })).toThrow(/clip must be/);
    }
  });
});

test('threshold keeps scores above it', () => {
  const w = fixed();
  close(
    effective(layer({ learner: { name: 'threshold', threshold: 0.2 } }, spread)),
    spread.map((s, i) => (s > 0.2 ? (w[i] as number) : 0)),
  );
});

describe('supermask', () => {
  test('keeps sigmoid(s) > 1/2 when evaluating, rescaled by the kept share', () => {
    const w = fixed();
    const gain = spread.length / spread.filter((s) => s > 0).length;
    close(
      effective(layer({ learner: 'supermask' }, spread)),
      spread.map((s, i) => (s > 0 ? (w[i] as number) * gain : 0)),
    );
  });
  test('draws Bernoulli(sigmoid(s)) in training, anew each step', () => {
    const model = layer({ learner: { name: 'supermask', rescale: false, temperature: 1 } }, spread);
    const rounds = 2000;
    const counts = spread.map(() => 0);
    for (let step = 0; step < rounds; step++) {
      setTrainingStep(model, step);
      const w = tf.tidy(() => [
        ...(model.apply(tf.eye(inputs), { training: true }) as tf.Tensor).dataSync(),
      ]);
      for (const [i, v] of w.entries()) if (v !== 0) counts[i] = (counts[i] as number) + 1;
    }
    for (const [i, s] of spread.entries()) {
      const p = 1 / (1 + Math.exp(-s));
      const deviation = Math.sqrt((p * (1 - p)) / rounds);
      // Five standard deviations: one false alarm in 60,000 runs of this test.
      expect(Math.abs((counts[i] as number) / rounds - p)).toBeLessThan(5 * deviation);
    }
  });
  test('without setTrainingStep every training call draws anew', () => {
    const model = layer({ learner: 'supermask' }, spread);
    expect(scoreGradient(model, c).weights).not.toEqual(scoreGradient(model, c).weights);
  });
  test('a mask that keeps nothing gives zeros, not NaN', () => {
    expect(
      effective(
        layer(
          { learner: 'supermask' },
          spread.map(() => -1),
        ),
      ).every((v) => v === 0),
    ).toBe(true);
  });
});

describe('a learner of one’s own', () => {
  test('works like the others once registered', async () => {
    registerLearner({
      name: 'every-other',
      alphabet: 'binary',
      options: () => ({}),
      mask: (scores) =>
        tf.tensor(
          Float32Array.from({ length: scores.size }, (_, i) => i % 2),
          scores.shape,
        ),
      gradient: (upstream) => tf.clone(upstream),
    });
    const decoded = await decodeModel(await encodeModel(layer({ learner: 'every-other' })));
    const w = fixed();
    expect([...(decoded.getWeights()[0] as tf.Tensor).dataSync()]).toEqual(
      [...w].map((v, i) => v * (i % 2)),
    );
  });
  test('must have a new name', () => {
    const learner = {
      alphabet: 'binary' as const,
      options: () => ({}),
      mask: tf.clone,
      gradient: tf.clone,
    };
    expect(() => registerLearner({ ...learner, name: 'signed' })).toThrow(/already/);
  });
  test('whose masks are neither kept nor dropped cannot be stored', async () => {
    registerLearner({
      name: 'soft',
      alphabet: 'binary',
      options: () => ({}),
      mask: (scores) => tf.sigmoid(scores),
      gradient: (upstream) => tf.clone(upstream),
    });
    await expect(encodeModel(layer({ learner: 'soft' }, spread))).rejects.toThrow(
      /expected only 0 and/,
    );
  });
});

test('setTrainingStep takes whole steps only', () => {
  expect(() => setTrainingStep(layer({}), 1.5)).toThrow(/integer/);
});
