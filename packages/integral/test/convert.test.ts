import { costs } from '@pleat/channels';
import { encodeModel, pleatHandler } from '@pleat/mask';
import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, test } from 'vitest';
import {
  basisMatrix,
  compressionOf,
  extract,
  foldBatchNorm,
  integralGroups,
  integralReport,
  resetGrids,
  resize,
  resizeToBudget,
  selectedPartition,
  setPartition,
  toDense,
  toIntegral,
  uniformPartition,
} from '../src/index.ts';
import { forms, images, relativeError, stirred } from './models.ts';

beforeAll(() => tf.setBackend('cpu'));

/** Sizes at a share of the coefficients: of heads, and the dims within them, too. */
function sizesAt(model: tf.LayersModel, share: number): Record<string, number> {
  return Object.fromEntries(
    integralGroups(model).map(({ id, coefficients }) => [
      id,
      Math.max(1, Math.round(share * coefficients)),
    ]),
  );
}

describe.each(forms)('%s', (_, build, shape) => {
  test('computes what it did at the original sizes, in another order of channels', () => {
    const model = build();
    const x = images(shape);
    const expected = model.predict(x) as tf.Tensor;
    const weights = model.getWeights().map((w) => w.dataSync().slice());
    for (const batchNorm of ['keep', 'fold'] as const) {
      const integral = toIntegral(model, { batchNorm });
      expect(relativeError(integral.predict(x) as tf.Tensor, expected)).toBeLessThan(1e-4);
      expect(relativeError(extract(integral).predict(x) as tf.Tensor, expected)).toBeLessThan(1e-4);
      const { variationBefore, variationAfter } = integralReport(integral)!;
      expect(variationAfter).toBeLessThanOrEqual(variationBefore);
    }
    // The model that came in is as it was.
    model.getWeights().forEach((w, i) => void expect(w.dataSync()).toEqual(weights[i]));
  });

  test('resized, predicts what the plain model it gives predicts, smaller and larger', () => {
    const x = images(shape);
    const integral = toIntegral(build(), { order: 'identity' });
    const whole = (integral.predict(x) as tf.Tensor).dataSync().slice();
    for (const share of [0.5, 0.8, 1.25]) {
      resize(integral, sizesAt(integral, share));
      const plain = extract(integral);
      expect(plain.layers.some((layer) => layer.getClassName().includes('Integral'))).toBe(false);
      const { parameters } = compressionOf(integral);
      const counted = plain.trainableWeights.reduce((sum, w) => sum + w.read().size, 0);
      expect(parameters).toBe(counted);
      const got = integral.predict(x) as tf.Tensor;
      expect(relativeError(plain.predict(x) as tf.Tensor, got)).toBeLessThan(1e-4);
    }
    resetGrids(integral);
    expect((integral.predict(x) as tf.Tensor).dataSync()).toEqual(whole);
  });

  test('saves and loads with its sizes', async () => {
    const x = images(shape);
    const integral = toIntegral(build());
    resize(integral, sizesAt(integral, 0.6));
    let saved: tf.io.ModelArtifacts | undefined;
    await integral.save(
      tf.io.withSaveHandler(async (artifacts) => {
        saved = artifacts;
        return { modelArtifactsInfo: { dateSaved: new Date(), modelTopologyType: 'JSON' } };
      }),
    );
    const artifacts = JSON.parse(JSON.stringify({ ...saved, weightData: undefined }));
    const loaded = await tf.loadLayersModel(
      tf.io.fromMemory({ ...artifacts, weightData: saved!.weightData! }),
    );
    // The sizes are taken up when the model is first asked about.
    expect(integralGroups(loaded)).toEqual(integralGroups(integral));
    const got = loaded.predict(x) as tf.Tensor;
    expect(relativeError(got, integral.predict(x) as tf.Tensor)).toBeLessThan(1e-6);
  });
});

test('constant weights keep their sums over the inputs to the last bit of float32, at any size and by any rule', () => {
  // 0.3 is no float32, nor are its multiples: every sampled weight is rounded, once.
  const value = Math.fround(0.3);
  const build = () => {
    const model = tf.sequential({
      layers: [
        tf.layers.conv2d({ name: 'a', filters: 12, kernelSize: 1, inputShape: [2, 2, 3] }),
        tf.layers.conv2d({ name: 'b', filters: 7, kernelSize: 2 }),
        tf.layers.flatten(),
        tf.layers.dense({ name: 'c', units: 2 }),
      ],
    });
    for (const layer of model.layers) {
      layer.setWeights(layer.getWeights().map((w) => tf.fill(w.shape, value)));
    }
    return model;
  };
  /** Sums over the inputs of one output channel, in float64. */
  const sums = (model: tf.LayersModel, layer: string) => {
    const kernel = model.getLayer(layer).getWeights()[0]!;
    const outputs = kernel.shape.at(-1)!;
    const found = new Array<number>(outputs).fill(0);
    kernel.dataSync().forEach((weight, i) => {
      found[i % outputs]! += weight;
    });
    return found;
  };
  const bit = 2 ** -23;
  for (const quadrature of ['midpoint', 'trapezoid', 'simpson'] as const) {
    for (const alignment of ['cells', 'corners'] as const) {
      for (const filter of ['point', 'area'] as const) {
        const options = { quadrature, filter, interpolation: { alignment } };
        const integral = toIntegral(build(), options);
        for (const [a, b] of [
          [5, 3],
          [11, 6],
          [12, 4],
          [2, 1],
          [30, 19],
        ] as const) {
          const plain = extract(resize(integral, { a, b }));
          for (const sum of sums(plain, 'b')) {
            expect(Math.abs(sum / (4 * 12 * value) - 1)).toBeLessThanOrEqual(bit);
          }
          for (const sum of sums(plain, 'c')) {
            expect(Math.abs(sum / (7 * value) - 1)).toBeLessThanOrEqual(bit);
          }
          // Where nothing is weighed, constants stay what they are, exactly.
          for (const weight of plain.getLayer('a').getWeights()[0]!.dataSync()) {
            expect(weight).toBe(value);
          }
        }
      }
    }
  }
});

test('tells before each group how many are in order', () => {
  const units = [5, 6, 2];
  const layers = units.map((width, i) =>
    tf.layers.dense({ name: 'abc'[i]!, units: width, ...(i === 0 && { inputShape: [3] }) }),
  );
  const told: string[] = [];
  toIntegral(tf.sequential({ layers }), {
    onProgress: ({ group, done, of }) => told.push(`${group} ${done}/${of}`),
  });
  expect(told).toEqual(['a 0/2', 'b 1/2']);
});

describe('fewer coefficients than channels', () => {
  /** Dense layers whose weights are given as functions of the places of their channels. */
  const network = (first: (t: number) => number, second: (t: number) => number, n = 24) => {
    const model = tf.sequential({
      layers: [
        tf.layers.dense({ name: 'a', units: n, inputShape: [1], useBias: false }),
        tf.layers.dense({ name: 'b', units: 1, useBias: false }),
      ],
    });
    const at = Array.from({ length: n }, (_, i) => (i + 0.5) / n);
    model.layers[0]!.setWeights([tf.tensor2d([at.map(first)])]);
    model.layers[1]!.setWeights([tf.tensor2d(at.map((t) => [second(t)]))]);
    return model;
  };
  const kernels = (model: tf.LayersModel) => model.getWeights().map((w) => [...w.dataSync()]);

  test('are exact for curves that interpolation gives: parabolas', () => {
    const model = network(
      (t) => 1 + t - 2 * t * t,
      (t) => t * t,
    );
    const integral = toIntegral(model, { order: 'identity', coefficients: { a: 7 } });
    expect(integralReport(integral)!.fitError).toBeLessThan(1e-6);
    expect(integralReport(integral)!.groups[0]).toMatchObject({ channels: 24, coefficients: 7 });
    expect(integral.weights[0]!.shape).toEqual([1, 7]);
    expect(integralGroups(integral)[0]).toMatchObject({ size: 24, coefficients: 7 });
    const [got, was] = [kernels(extract(integral)), kernels(model)];
    got.flat().forEach((value, i) => void expect(value).toBeCloseTo(was.flat()[i]!, 5));
  });

  test('come nearest to any other: what is left is orthogonal to every curve there is', () => {
    const model = network(
      (t) => Math.sin(9 * t) + Math.sin(71 * t),
      (t) => Math.cos(31 * t),
    );
    const integral = toIntegral(model, { order: 'identity', coefficients: 0.25 });
    const report = integralReport(integral)!;
    expect(report.fitError).toBeGreaterThan(0.1);
    expect(report.fitError).toBeLessThan(1);
    expect(report.variationBefore).toBeGreaterThan(0);
    const [got, was] = [kernels(extract(integral)), kernels(model)];
    const left = got.map((kernel, layer) => kernel.map((value, i) => was[layer]![i]! - value));
    const squares = (rows: number[][]) => rows.flat().reduce((sum, v) => sum + v * v, 0);
    expect(Math.sqrt(squares(left) / squares(was))).toBeCloseTo(report.fitError, 5);
    const basis = toDense(basisMatrix(uniformPartition(24, 'cells'), 6, { alignment: 'cells' }));
    for (let c = 0; c < 6; c++) {
      for (const residual of left) {
        const dot = residual.reduce((sum, value, r) => sum + value * basis[r * 6 + c]!, 0);
        expect(Math.abs(dot)).toBeLessThan(1e-5);
      }
    }
  });

  test.each(forms)('%s: works, is stored, and says how well', async (_, build, shape) => {
    const model = build();
    const integral = toIntegral(model, { order: 'identity', coefficients: 0.5 });
    const { fitError } = integralReport(integral)!;
    expect(fitError).toBeGreaterThan(0);
    expect(fitError).toBeLessThan(1);
    const plain = extract(integral);
    const shapes = (of: tf.LayersModel) => of.weights.map((w) => w.shape);
    expect(shapes(plain)).toEqual(shapes(model));
    const variance = plain.weights.filter((w) => w.originalName.endsWith('moving_variance'));
    for (const w of variance) expect(Math.min(...w.read().dataSync())).toBeGreaterThan(0);
    const x = images(shape);
    const got = integral.predict(x) as tf.Tensor;
    expect(relativeError(got, plain.predict(x) as tf.Tensor)).toBeLessThan(1e-4);
    const metadata = integral.getUserDefinedMetadata() as Record<string, unknown>;
    const loaded = await tf.loadLayersModel(
      pleatHandler(await encodeModel(integral, { metadata })),
    );
    expect(integralGroups(loaded)).toEqual(integralGroups(integral));
  });

  test('out of range are refused', () => {
    const model = network(Math.sin, Math.cos);
    expect(() => toIntegral(model, { coefficients: 0 })).toThrow('above 0 and at most 1');
    expect(() => toIntegral(model, { coefficients: { a: 25 } })).toThrow('1 to 24');
    expect(() => toIntegral(model, { coefficients: { z: 2 } })).toThrow('no such group');
  });
});

test('a group is sampled at the places asked for', () => {
  const model = stirred(
    tf.sequential({
      layers: [
        tf.layers.dense({ name: 'a', units: 6, inputShape: [2], useBias: false }),
        tf.layers.dense({ name: 'b', units: 1 }),
      ],
    }),
  );
  const integral = toIntegral(model, { order: 'identity' });
  const kernel = () => extract(integral).layers[0]!.getWeights()[0]!.arraySync() as number[][];
  const [whole] = kernel();
  // At the places of channels the channels themselves are found.
  setPartition(integral, 'a', { positions: selectedPartition([0, 5, 1, 9, 7, 2], 3, 'cells') });
  kernel()[0]!.forEach((value, i) => void expect(value).toBeCloseTo(whole![[1, 3, 4][i]!]!, 6));
  setPartition(integral, 'a', { gaussLegendre: 4 });
  expect(kernel()[0]!.length).toBe(4);
  // Constants keep their sum by Gauss' weights too: the second kernel was made of one value.
  model.layers[1]!.setWeights([tf.fill([6, 1], 0.25), tf.zeros([1])]);
  const constant = toIntegral(model, { order: 'identity' });
  setPartition(constant, 'a', { gaussLegendre: 4 });
  expect(extract(constant).layers[1]!.getWeights()[0]!.sum().dataSync()[0]).toBeCloseTo(1.5, 6);
  expect(() => setPartition(integral, 'a', { positions: [0.5, 0.2] })).toThrow('node 1 is 0.2');
});

test('the kernel of a resized layer is B_out Lambda B_in^T, by hand', () => {
  const model = stirred(
    tf.sequential({
      layers: [
        tf.layers.dense({ name: 'a', units: 4, inputShape: [1] }),
        tf.layers.dense({ name: 'b', units: 1 }),
      ],
    }),
  );
  const linear = { kernel: 'linear', alignment: 'cells' } as const;
  const integral = toIntegral(model, { order: 'identity', interpolation: linear });
  const plain = extract(resize(integral, { a: 2 }));
  const [w1, w2] = [model.layers[0]!, model.layers[1]!].map((l) => l.getWeights()[0]!.dataSync());
  const [v1, v2] = [plain.layers[0]!, plain.layers[1]!].map((l) => l.getWeights()[0]!.dataSync());
  // Two samples of four cells sit in the middle between two coefficients; each counts twice in the sum after.
  expect(v1![0]).toBeCloseTo((w1![0]! + w1![1]!) / 2, 6);
  expect(v1![1]).toBeCloseTo((w1![2]! + w1![3]!) / 2, 6);
  expect(v2![0]).toBeCloseTo(w2![0]! + w2![1]!, 6);
  expect(v2![1]).toBeCloseTo(w2![2]! + w2![3]!, 6);
});

test('channels that follow a smooth function are integrated: the error falls with the square of the number of samples', () => {
  // Tanh of a smooth family of lines, summed with smooth weights: a one-layer integral network with a closed-form shape.
  const n = 256;
  const model = tf.sequential({
    layers: [
      tf.layers.dense({ name: 'a', units: n, inputShape: [1], activation: 'tanh' }),
      tf.layers.dense({ name: 'b', units: 1, useBias: false }),
    ],
  });
  const at = Array.from({ length: n }, (_, i) => (i + 0.5) / n);
  const [a, b] = model.layers as [tf.layers.Layer, tf.layers.Layer];
  a.setWeights([tf.tensor2d([at.map((t) => Math.sin(5 * t))]), tf.tensor1d(at.map((t) => t))]);
  b.setWeights([tf.tensor2d(at.map((t) => [Math.cos(3 * t) / n]))]);
  const integral = toIntegral(model, { order: 'identity' });
  const x = tf.tensor2d([[0.3], [-1.2], [2]]);
  const exact = (integral.predict(x) as tf.Tensor).dataSync().slice();
  const error = (size: number) => {
    const got = (resize(integral, { a: size }).predict(x) as tf.Tensor).dataSync();
    return Math.max(...got.map((y, i) => Math.abs(y - exact[i]!)));
  };
  expect(Math.log2(error(8) / error(16))).toBeGreaterThan(1.7);
  expect(Math.log2(error(16) / error(32))).toBeGreaterThan(1.7);
});

test('folding a norm leaves the function as it is and the norm out', () => {
  const [, build, shape] = forms[0]!;
  const model = build();
  const x = images(shape);
  const { model: folded, folded: names } = foldBatchNorm(model);
  expect(names.length).toBe(19);
  expect(folded.layers.length).toBe(model.layers.length - 19);
  expect(relativeError(folded.predict(x) as tf.Tensor, model.predict(x) as tf.Tensor)).toBeLessThan(
    1e-5,
  );
});

test('a global target is met, by the largest share that meets it', () => {
  const [, build] = forms[1]!;
  const integral = toIntegral(build(), { order: 'identity' });
  const { original } = compressionOf(integral);
  for (const compression of [0, 0.25, 0.5, 0.75]) {
    const got = compressionOf(resizeToBudget(integral, { compression }));
    expect(got.compression).toBeGreaterThanOrEqual(compression);
    expect(got.compression).toBeLessThan(compression + 0.2);
  }
  resizeToBudget(integral, { parameters: original / 3 });
  expect(compressionOf(integral).parameters).toBeLessThanOrEqual(original / 3);
  const whole = costs(build()).multiplyAdds!;
  const small = costs(extract(resizeToBudget(integral, { multiplyAdds: whole / 2 }))).multiplyAdds!;
  expect(small / whole).toBeLessThanOrEqual(0.5);
  expect(small / whole).toBeGreaterThan(0.3);
  const input = tf.zeros([1, 8, 8, 3]);
  resizeToBudget(integral, { milliseconds: 1e6, input });
  expect(compressionOf(integral).compression).toBe(0);
});

test('heads that are alike, and dims that are alike within them, can be any number at once', () => {
  const [, build, shape] = forms.find(([name]) => name === 'vit')!;
  const model = build();
  for (const layer of model.layers.filter((each) => each.name.includes('attention'))) {
    // Columns of queries, keys and values, and rows of the output, all the same: heads and dims are constant functions.
    const alike = layer.weights.map((weight) => {
      const axis = /output_kernel/.test(weight.originalName) ? 0 : -1;
      if (/output_bias/.test(weight.originalName)) return weight.read();
      return tf.add(tf.zeros(weight.shape as number[]), weight.read().mean(axis, true));
    });
    layer.setWeights(alike);
  }
  const x = images(shape);
  const expected = model.predict(x) as tf.Tensor;
  const integral = toIntegral(model, { order: 'identity' });
  const inside = integralGroups(integral).filter(({ id }) =>
    /heads|query-key|value-output/.test(id),
  );
  expect(inside.some(({ heads }) => heads)).toBe(true);
  for (const [heads, dims] of [
    [2, 3],
    [3, 2],
    [6, 7],
  ] as const) {
    resize(integral, Object.fromEntries(inside.map((g) => [g.id, g.heads ? heads : dims])));
    expect(relativeError(integral.predict(x) as tf.Tensor, expected)).toBeLessThan(1e-5);
    const plain = extract(integral);
    expect(relativeError(plain.predict(x) as tf.Tensor, expected)).toBeLessThan(1e-5);
    plain.dispose();
  }
});

test('nothing leaks', () => {
  const [, build, shape] = forms[0]!;
  const model = build();
  const x = images(shape);
  toIntegral(model).dispose();
  const before = tf.memory().numTensors;
  const integral = toIntegral(model);
  const own = tf.memory().numTensors - before;
  expect(own).toBe(integral.weights.length);
  resize(integral, sizesAt(integral, 0.5));
  (integral.predict(x) as tf.Tensor).dispose();
  const plain = extract(integral);
  plain.dispose();
  resetGrids(integral);
  expect(tf.memory().numTensors).toBe(before + own);
  // A model that is let go at another width takes what sampled it along.
  resize(integral, sizesAt(integral, 0.5));
  (integral.predict(x) as tf.Tensor).dispose();
  expect(tf.memory().numTensors).toBeGreaterThan(before + own);
  integral.dispose();
  expect(tf.memory().numTensors).toBe(before);
});

test('travels in a .pleat file with its sizes', async () => {
  const [, build, shape] = forms[0]!;
  const integral = toIntegral(build(), { order: 'identity' });
  resize(integral, sizesAt(integral, 0.5));
  const metadata = integral.getUserDefinedMetadata() as Record<string, unknown>;
  const bytes = await encodeModel(integral, { metadata });
  const loaded = await tf.loadLayersModel(pleatHandler(bytes));
  expect(integralGroups(loaded)).toEqual(integralGroups(integral));
  const x = images(shape);
  const got = loaded.predict(x) as tf.Tensor;
  expect(relativeError(got, integral.predict(x) as tf.Tensor)).toBeLessThan(1e-6);
});

describe('bad input', () => {
  const dense = () =>
    tf.sequential({ layers: [tf.layers.dense({ name: 'only', units: 3, inputShape: [2] })] });

  test('is named', () => {
    expect(() => toIntegral({} as never)).toThrow('expected a tf.LayersModel');
    expect(() => toIntegral(dense())).toThrow('no channels');
    expect(() => toIntegral(dense(), { ordr: 'tsp' } as never)).toThrow("unknown option 'ordr'");
    expect(() => toIntegral(dense(), { order: 'best' as never })).toThrow('tsp, identity, random');
    expect(() => resize(dense(), { a: 1 })).toThrow('not integral');
    const [, build] = forms[0]!;
    const integral = toIntegral(build(), { order: 'identity' });
    expect(() => resize(integral, { nothing: 3 })).toThrow('stem_conv');
    expect(() => resize(integral, { stem_conv: 0 })).toThrow('at least 1');
    expect(() => resize(integral, { classifier: 3 })).toThrow('fixed');
    expect(() => resizeToBudget(integral, {})).toThrow('got none');
    expect(() => resizeToBudget(integral, { parameters: 1 })).toThrow('one channel');
  });
});
