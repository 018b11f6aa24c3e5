import { decodeContainer, encodeContainer } from '@pleat/codec';
import { fillNormal, fillUniform, stream } from '@pleat/random';
import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, test } from 'vitest';
import { decodeModel, encodeModel, inspectModel } from '../src/index.ts';

beforeAll(() => tf.setBackend('cpu'));

const shape = [3, 3, 16, 32];
const size = 3 * 3 * 16 * 32;
const normal = (name: string, n = size) => fillNormal(stream(1, name), new Float32Array(n));
const uniform = fillUniform(stream(1, 'positions'), new Float32Array(size));

/** A model of one convolution with these weights. */
function modelOf(values: Float32Array): tf.LayersModel {
  const model = tf.sequential({
    layers: [
      tf.layers.conv2d({ inputShape: [8, 8, 16], filters: 32, kernelSize: 3, useBias: false }),
    ],
  });
  model.setWeights([tf.tensor(values, shape)]);
  return model;
}

const pruned = (keep: number) =>
  normal('weights').map((value, i) => (uniform[i]! < keep ? value : 0));

async function there(values: Float32Array, options = {}) {
  const bytes = await encodeModel(modelOf(values), options);
  const [weight] = (await decodeModel(bytes)).getWeights();
  return {
    bytes,
    back: weight!.dataSync<'float32'>() as Float32Array,
    report: inspectModel(bytes),
  };
}

/** Bits a value that a kept share p costs to place. */
const entropy = (p: number) => -p * Math.log2(p) - (1 - p) * Math.log2(1 - p);

describe('a pruned weight', () => {
  test.each([0.1, 0.06, 0.04])(
    'of which %d is kept takes its values and little to place them',
    async (keep) => {
      const values = pruned(keep);
      const count = values.filter((value) => value !== 0).length;
      const { bytes, back, report } = await there(values);
      expect(back).toEqual(values);
      const [weight] = report.weights;
      expect(weight).toMatchObject({ form: 'sparse', kept: count / size });
      const overhead = report.headerBytes + 200;
      expect(bytes.length).toBeLessThan(
        4 * count + (1.01 * size * entropy(count / size)) / 8 + overhead,
      );
      // No gap code does better: that of Golomb (1966) with its best parameter, five bytes for lengths and the like aside.
      const positionBits = weight!.bitsPerWeight * size - 32 * count;
      const golomb = (m: number) => {
        let gap = 0;
        let bits = 0;
        for (const value of values) {
          if (value === 0) gap++;
          else {
            bits += 1 + Math.floor(gap / 2 ** m) + m;
            gap = 0;
          }
        }
        return bits;
      };
      const best = Math.min(...[0, 1, 2, 3, 4, 5, 6, 7, 8].map(golomb));
      expect(positionBits).toBeLessThan(best + 40);
      expect(report.paperRatio).toBeCloseTo(1 - count / size, 12);
    },
  );

  test.each([
    ['float16', 16, 2e-3],
    ['uint8', 8, 0.02],
    ['uint4', 4, 0.3],
  ] as const)('keeps its values as %s', async (kept, bits, tolerance) => {
    const values = pruned(0.1);
    const count = values.filter((value) => value !== 0).length;
    const { bytes, back } = await there(values, { kept });
    const errors = values.map((value, i) =>
      value === 0
        ? Math.abs(back[i]!) * 1e9
        : Math.abs(back[i]! - value) / Math.max(1, Math.abs(value)),
    );
    expect(Math.max(...errors)).toBeLessThan(tolerance);
    const float32 = await there(values);
    // Codes of normal values have less entropy than bits; what adapts to them costs a little.
    expect(bytes.length).toBeLessThan(float32.bytes.length - (count * (32 - bits)) / 8 + 260);
  });

  test('is stored as it is where hardly anything is zero', async () => {
    const { back, report } = await there(pruned(0.999));
    expect(report.weights[0]!.form).toBe('float32');
    expect(back).toEqual(pruned(0.999));
  });
});

describe('a weight of one magnitude a filter', () => {
  const scaled = normal('weights').map((value, i) =>
    Math.fround(Math.sign(value) * (1 + (i % 32) / 7)),
  );

  test('takes a bit for each sign', async () => {
    const { bytes, back, report } = await there(scaled);
    expect(back).toEqual(scaled);
    expect(report.weights[0]).toMatchObject({ form: 'sparse', kept: 1, signs: true });
    expect(bytes.length).toBeLessThan(size / 8 + 4 * 32 + report.headerBytes + 250);
    // A bit a weight.
    expect(report.paperRatio).toBeCloseTo(1 - 1 / 32, 12);
  });

  test('takes the entropy of its zeros beside, when it is ternary', async () => {
    const values = scaled.map((value, i) => (uniform[i]! < 0.4 ? value : 0));
    const { bytes, back, report } = await there(values, { tensors: 'float16' });
    const count = values.filter((value) => value !== 0).length;
    const errors = values.map((value, i) => Math.abs(back[i]! - value) / (Math.abs(value) || 1e-9));
    expect(Math.max(...errors)).toBeLessThan(2 ** -11);
    const coded = (count + 1.02 * size * entropy(0.4)) / 8 + 2 * 32;
    expect(bytes.length).toBeLessThan(coded + report.headerBytes + 250);
  });
});

test('a depthwise kernel has a magnitude for each channel', async () => {
  const model = tf.sequential({
    layers: [tf.layers.depthwiseConv2d({ inputShape: [8, 8, 64], kernelSize: 3, useBias: false })],
  });
  const values = normal('depthwise', 3 * 3 * 64).map(
    (value, i) => Math.sign(value) * (1 + (i % 64)),
  );
  model.setWeights([tf.tensor(values, [3, 3, 64, 1])]);
  const bytes = await encodeModel(model);
  expect(inspectModel(bytes).weights[0]!.form).toBe('sparse');
  expect((await decodeModel(bytes)).getWeights()[0]!.dataSync()).toEqual(values);
});

test('positions and values that do not go together are refused', async () => {
  const { bytes } = await there(pruned(0.1), { kept: 'uint8' });
  const { sections } = decodeContainer(bytes);
  const other = decodeContainer((await there(pruned(0.2), { kept: 'uint8' })).bytes).sections;
  const mixed = sections.map((section) =>
    section.name.startsWith('masks') ? other.find(({ name }) => name === section.name)! : section,
  );
  await expect(decodeModel(encodeContainer(mixed))).rejects.toThrow(/positions and \d+ values/);
  await expect(encodeModel(modelOf(pruned(0.1)), { kept: 'uint2' as never })).rejects.toThrow(
    'kept must be one of float32, float16, uint8, uint4, got uint2.',
  );
});
