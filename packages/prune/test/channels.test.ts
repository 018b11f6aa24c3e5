import { channelGraph, costs, costsOf } from '@pleat/channels';
import { createModel } from '@pleat/models';
import { fillUniform, stream } from '@pleat/random';
import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, test } from 'vitest';
import { channelCriteria, featureStatistics, pruneChannels } from '../src/index.ts';

beforeAll(() => tf.setBackend('cpu'));

const images = (count: number) => tf.randomNormal([count, 8, 8, 3], 0, 1, 'float32', 5);
const common = { inputShape: [8, 8, 3] as [number, number, number], classes: 4 };
const resNet = () => createModel('resnet20', { ...common, width: 4 });
const vit = () => createModel('vit', { ...common, dim: 8, depth: 2, heads: 2 });

/** Two convolutions and a dense layer behind a flatten, with weights that are all different. */
function plain(): tf.LayersModel {
  const model = tf.sequential({
    layers: [
      tf.layers.conv2d({
        name: 'a',
        filters: 6,
        kernelSize: 3,
        activation: 'relu',
        inputShape: [8, 8, 3],
      }),
      tf.layers.conv2d({ name: 'b', filters: 5, kernelSize: 3, activation: 'relu' }),
      tf.layers.flatten({ name: 'flatten' }),
      tf.layers.dense({ name: 'c', units: 7, activation: 'tanh' }),
      tf.layers.dense({ name: 'd', units: 3 }),
    ],
  });
  model.weights.forEach((weight, i) => {
    const shape = weight.shape as number[];
    const values = new Float32Array(shape.reduce((n, s) => n * s, 1));
    fillUniform(stream(9, `weights ${i}`), values, { low: -0.3, high: 0.3 });
    const tensor = tf.tensor(values, shape);
    weight.write(tensor);
    tensor.dispose();
  });
  return model;
}

const dispose = (...models: tf.LayersModel[]) => {
  for (const model of models) for (const weight of model.weights) weight.dispose();
};

test.each(['l1', 'l2'] as const)(
  '%s keeps the filters of the largest norms, by plain loops',
  async (criterion) => {
    const model = plain();
    const { report } = await pruneChannels(model, {
      criterion,
      budgets: { a: 0.5, b: 0.4, c: 0.3 },
    });
    expect(report.groups.map(({ id, kept }) => [id, kept.length])).toEqual([
      ['a', 3],
      ['b', 3],
      ['c', 5],
    ]);
    for (const { id, kept, removed, size } of report.groups) {
      const kernel = model.getLayer(id).getWeights()[0]?.dataSync() as Float32Array;
      const norms = Array.from({ length: size }, (_, c) =>
        kernel.reduce(
          (sum, w, i) => (i % size === c ? sum + Math.abs(w) ** (criterion === 'l1' ? 1 : 2) : sum),
          0,
        ),
      );
      const lowest = Math.min(...kept.map((c) => norms[c] as number));
      const highest = Math.max(...removed.map((c) => norms[c] as number));
      expect(lowest).toBeGreaterThan(highest);
      expect([...kept, ...removed].sort((x, y) => x - y)).toEqual(norms.map((_, c) => c));
    }
    dispose(model);
  },
);

test('feature statistics are those of the maps themselves, in float64', async () => {
  const model = plain();
  const x = images(5);
  const { groups } = channelGraph(model);
  const found = await featureStatistics(model, groups, x, 2);
  for (const [id, positions] of [
    ['a', 36],
    ['b', 16],
    ['c', 1],
  ] as const) {
    const layer = model.getLayer(id);
    const eye = tf.model({ inputs: model.inputs, outputs: layer.output as tf.SymbolicTensor });
    const values = (eye.predict(x) as tf.Tensor).dataSync();
    const { mean, variance, zeros, samples } = found.get(id) as NonNullable<
      ReturnType<typeof found.get>
    >;
    expect(samples).toBe(5);
    const size = mean.length;
    expect(values.length).toBe(5 * positions * size);
    for (let c = 0; c < size; c++) {
      const own = [...values].filter((_, i) => i % size === c);
      const average = own.reduce((a, b) => a + b, 0) / own.length;
      expect(mean[c]).toBeCloseTo(own.reduce((a, b) => a + Math.abs(b), 0) / own.length, 6);
      expect(variance[c]).toBeCloseTo(
        own.reduce((a, b) => a + (b - average) ** 2, 0) / own.length,
        6,
      );
      expect(zeros[c]).toBeCloseTo(own.filter((v) => v === 0).length / own.length, 9);
    }
  }
  const batches = [x.slice(0, 3), x.slice(3, 2)];
  const again = await featureStatistics(model, groups, batches);
  for (const [id, { zeros }] of found)
    expect([...(again.get(id)?.zeros ?? [])]).toEqual([...zeros]);
  dispose(model);
});

test.each([
  ['mean', 1],
  ['variance', 1],
  ['zeros', -1],
] as const)('%s keeps the channels whose maps say so', async (criterion, sign) => {
  const model = plain();
  // Thresholds of their own give the channels behind a relu different statistics.
  const [kernel, , ...rest] = model.getWeights();
  const bias = tf.tensor1d([-1, -0.5, 0, 0.5, 1, -0.2]);
  model.setWeights([kernel as tf.Tensor, bias, ...rest]);
  const x = images(6);
  const statistics = await featureStatistics(model, channelGraph(model).groups, x);
  const { report } = await pruneChannels(model, {
    criterion,
    data: x,
    budgets: { a: 0.5, b: 0.4 },
  });
  expect(report.groups.map(({ kept }) => kept.length)).toEqual([3, 3]);
  for (const { id, kept, removed } of report.groups) {
    const own = [...(statistics.get(id)?.[criterion] ?? [])].map((value) => sign * value);
    expect(new Set(own).size).toBe(own.length);
    expect(Math.min(...kept.map((c) => own[c] as number))).toBeGreaterThan(
      Math.max(...removed.map((c) => own[c] as number)),
    );
  }
  dispose(model);
});

test.each(['A', 'B'] as const)(
  'takes 10 and 40 % of all parameters of ResNet-20 (shortcut %s), from all of it or from the last stage alone',
  async (shortcut) => {
    const model = createModel('resnet20', { inputShape: [32, 32, 3], classes: 10, shortcut });
    for (const league of ['uniform', 'last-stage'] as const) {
      for (const compression of [0.1, 0.4]) {
        const { model: small, report } = await pruneChannels(model, { compression, league });
        const gone = 1 - small.countParams() / model.countParams();
        expect(report.compression.parameters).toBeCloseTo(gone, 9);
        // A channel of the last stage has up to 64 x 9 x 2 of 270,000 weights.
        expect(Math.abs(gone - compression)).toBeLessThan(0.003);
        const cut = report.groups.filter(({ removed }) => removed.length > 0).map(({ id }) => id);
        const stages = new Set(cut.map((id) => id.split('_')[0]));
        expect([...stages]).toEqual(
          league === 'uniform' ? ['stem', 'stage1', 'stage2', 'stage3'] : ['stage3'],
        );
        dispose(small);
      }
    }
    dispose(model);
  },
);

describe.each(channelCriteria)('%s', (criterion) => {
  const data = ['mean', 'variance', 'zeros'].includes(criterion) ? { data: images(4) } : {};

  test.each([
    ['resNet', resNet, 'uniform'],
    ['resNet', resNet, 'last-stage'],
    ['vit', vit, 'uniform'],
  ] as const)(
    '%s, %s, %s: no channel more or less comes nearer to the budget',
    async (_, make, league) => {
      const model = make();
      const before = model.weights.map((weight) => weight.read().dataSync().slice());
      const steady = tf.memory().numTensors;
      const { model: small, report } = await pruneChannels(model, {
        criterion,
        compression: 0.3,
        league,
        seed: 2,
        ...data,
      });
      const target = report.before.parameters * 0.7;
      const reached = Math.abs(report.after.parameters - target);
      expect(report.after).toEqual(costs(small));
      expect(report.compression.parameters).toBeCloseTo(0.3, 1);
      const at = costsOf(model);
      const sizes = Object.fromEntries(report.groups.map(({ id, kept }) => [id, kept.length]));
      for (const { id, size } of report.groups) {
        for (const step of [-1, 1]) {
          const next = (sizes[id] as number) + step;
          if (next < 1 || next > size) continue;
          expect(Math.abs(at({ ...sizes, [id]: next }).parameters - target)).toBeGreaterThanOrEqual(
            reached,
          );
        }
      }
      const x = images(2);
      expect((small.predict(x) as tf.Tensor).dataSync().every(Number.isFinite)).toBe(true);
      expect(model.weights.map((weight) => weight.read().dataSync())).toEqual(before);
      if (league === 'last-stage')
        expect(report.groups.every(({ id }) => id.startsWith('stage3'))).toBe(true);
      else expect(report.groups.length).toBeGreaterThan(2);
      dispose(small);
      x.dispose();
      expect(tf.memory().numTensors).toBeLessThanOrEqual(steady + 1);
      dispose(model);
    },
  );
});

test('a seed gives the same channels, another seed others; multiply-adds may be the budget', async () => {
  const model = resNet();
  const run = (seed: number) =>
    pruneChannels(model, { criterion: 'random', compression: 0.5, of: 'multiplyAdds', seed });
  const [first, again, other] = [await run(1), await run(1), await run(2)];
  expect(again.report).toEqual(first.report);
  expect(other.report.groups).not.toEqual(first.report.groups);
  expect(first.report.compression.multiplyAdds).toBeCloseTo(0.5, 1);
});

test('dims within heads are cut when named, all heads alike', async () => {
  const { report } = await pruneChannels(vit(), { budgets: { 'block1_attention/query-key': 0.5 } });
  expect(report.groups.map(({ id, kept }) => [id, kept.length])).toEqual(
    ['query-key', 'query-key#2', 'value-output', 'value-output#2'].map((id) => [
      `block1_attention/${id}`,
      2,
    ]),
  );
});

describe('mistakes', () => {
  test.each([
    [{}, /give either compression .* or budgets/],
    [{ compression: 1 }, /compression is the share removed, at least 0 and below 1; found 1/],
    [{ compression: 0.99 }, /with one channel left in each of \d+ groups .* would be gone/],
    [
      { compression: 0.5, criterion: 'taylor' },
      /one of random, l1, l2, mean, variance, zeros; found "taylor"/,
    ],
    [{ compression: 0.5, criterion: 'mean' }, /'mean' looks at feature maps; give inputs as data/],
    [{ compression: 0.5, criterion: 'mean', data: [] }, /no sample/],
    [{ compression: 0.5, league: 'first' }, /league must be/],
    [{ compression: 0.5, of: 'bytes' }, /of must be/],
    [{ budgets: { nobody: 0.5 } }, /'nobody' is unknown; there are/],
    [{ budgets: { d: 0.5 } }, /'d' is fixed: output/],
    [{ compression: 0.5, compresion: 0.5 }, /unknown option 'compresion'/],
  ])('%#', async (options, message) => {
    await expect(pruneChannels(plain(), options as never)).rejects.toThrow(message);
  });
});
