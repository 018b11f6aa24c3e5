import { createModel } from '@pleat/models';
import { layerPlaces, weightName } from '@pleat/ops';
import * as tf from '@tensorflow/tfjs';
import { beforeAll, expect, test } from 'vitest';
import { pruneWeights } from '../src/index.ts';

beforeAll(() => tf.setBackend('cpu'));

const make = () =>
  createModel('convmixer', { inputShape: [8, 8, 3], classes: 4, dim: 6, depth: 2, kernelSize: 3 });

/** Every kernel's values before and after, by plain reading. */
function pairs(model: tf.LayersModel, pruned: tf.LayersModel) {
  const after = layerPlaces(pruned);
  return layerPlaces(model).flatMap(({ layer, path }, i) =>
    layer.weights.map((weight, j) => ({
      path,
      kernel: weightName(weight).endsWith('kernel'),
      old: [...weight.read().dataSync()],
      now: [...(after[i]!.layer.weights[j] as tf.LayerVariable).read().dataSync()],
    })),
  );
}

test.each(['global', 'layer'] as const)('%s magnitude removes exactly the smallest', (scope) => {
  const model = make();
  const { model: sparse, report } = pruneWeights(model, { compression: 0.35, scope });
  const all = pairs(model, sparse);
  for (const { kernel, old, now } of all) if (!kernel) expect(now).toEqual(old);
  const kernels = all.filter(({ kernel }) => kernel);
  const parts = scope === 'layer' ? kernels.map((kernel) => [kernel]) : [kernels];
  let removed = 0;
  for (const part of parts) {
    const old = part.flatMap((kernel) => kernel.old);
    const now = part.flatMap((kernel) => kernel.now);
    const count = Math.round(0.35 * old.length);
    const limit = [...old].map(Math.abs).sort((a, b) => a - b)[count - 1] as number;
    expect(now).toEqual(old.map((value) => (Math.abs(value) <= limit ? 0 : value)));
    removed += count;
  }
  expect(report.removed).toBe(removed);
  expect(report.weights).toBe(kernels.reduce((sum, { old }) => sum + old.length, 0));
});

test('random removes exactly as many as asked, the same for a seed; nothing leaks', () => {
  const model = make();
  const before = tf.memory().numTensors;
  const run = (seed: number) =>
    pruneWeights(model, { criterion: 'random', compression: 0.5, seed });
  const [first, again, other] = [run(1), run(1), run(2)];
  const zeros = (m: tf.LayersModel) =>
    pairs(model, m).map(({ now }) => now.map((value) => value === 0));
  expect(zeros(again.model)).toEqual(zeros(first.model));
  expect(zeros(other.model)).not.toEqual(zeros(first.model));
  expect(first.report.removed).toBe(Math.round(first.report.weights / 2));
  expect(tf.memory().numTensors).toBe(before + 3 * model.weights.length);
});

test('equal magnitudes are removed to the exact count; layers may be left out', () => {
  const model = tf.sequential({
    layers: [
      tf.layers.dense({ name: 'a', units: 4, inputShape: [4], kernelInitializer: 'ones' }),
      tf.layers.dense({ name: 'b', units: 4, kernelInitializer: 'ones' }),
    ],
  });
  const { report } = pruneWeights(model, { compression: 0.25, exclude: (name) => name === 'b' });
  expect(report).toMatchObject({ weights: 16, removed: 4, layers: [{ layer: 'a', removed: 4 }] });
  expect(pruneWeights(model, { compression: 1 }).report.removed).toBe(32);
  expect(() => pruneWeights(model, { compression: 1.5 })).toThrow(
    /share removed, 0 .. 1; found 1.5/,
  );
  expect(() => pruneWeights(model, {} as never)).toThrow(/found undefined/);
  expect(() => pruneWeights(model, { compression: 0, scope: 'all' as never })).toThrow(
    /'global' or 'layer'/,
  );
  expect(() => pruneWeights(model, { compression: 0.5, exclude: () => true })).toThrow(
    /no kernels to prune/,
  );
});
