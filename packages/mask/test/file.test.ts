import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { decodeContainer } from '@pleat/codec';
import * as tf from '@tensorflow/tfjs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  bake,
  decodeModel,
  encodeModel,
  inspectModel,
  maskModel,
  pleatHandler,
} from '../src/index.ts';
import { convMixer, convNet, inputs, models, nested, predict } from './models.ts';

let folder = '';
beforeAll(async () => {
  await tf.setBackend('cpu');
  folder = await mkdtemp(join(tmpdir(), 'pleat-mask-'));
});
afterAll(() => rm(folder, { recursive: true }));

const weights = (model: tf.LayersModel) => model.getWeights().map((w) => [...w.dataSync()]);

describe.each(Object.entries(models))('%s', (_name, make) => {
  test.each(['edge-popup', 'signed', 'supermask'])(
    'decodes to what bake gives, exactly: %s',
    async (learner) => {
      const prototype = {
        offset: 'hashed',
        rescale: 'fan-in',
        distribution: 'kaiming-normal',
      } as const;
      const masked = maskModel(make(), { learner, prototype, seed: 3 });
      const bytes = await encodeModel(masked);
      const decoded = await decodeModel(bytes);
      const baked = bake(masked);
      expect(weights(decoded)).toEqual(weights(baked));
      expect(decoded.weights.map((w) => w.originalName)).toEqual(
        baked.weights.map((w) => w.originalName),
      );
      const x = inputs(masked);
      expect(predict(decoded, x)).toEqual(predict(baked, x));
      expect(await encodeModel(masked)).toEqual(bytes);
    },
  );

  test('a plain model goes through a file too', async () => {
    const plain = make();
    const decoded = await decodeModel(await encodeModel(plain));
    expect(weights(decoded)).toEqual(weights(plain));
  });

  test('given values go through a file', async () => {
    const masked = maskModel(make(), { values: 'model' });
    expect(weights(await decodeModel(await encodeModel(masked)))).toEqual(weights(bake(masked)));
    const shared = maskModel(make(), {
      prototype: { rescale: 'fan-in', offset: 'running', ratio: 0.2 },
      values: ({ length }) => Float32Array.from({ length }, (_, i) => Math.sin(i + 1)),
    });
    const bytes = await encodeModel(shared);
    expect(weights(await decodeModel(bytes))).toEqual(weights(bake(shared)));
    expect(
      decodeContainer(bytes).sections.filter(({ name }) => name.startsWith('source/')),
    ).toHaveLength(1);
  });
});

test('a decoded model has the layers, activations and shapes of the baked one', async () => {
  const masked = maskModel(convMixer());
  const decoded = await decodeModel(await encodeModel(masked));
  const summary = (model: tf.LayersModel) => {
    const lines: string[] = [];
    model.summary(120, undefined, (line) => lines.push(line as string));
    return lines;
  };
  expect(summary(decoded)).toEqual(summary(bake(masked)));
});

test('float16 and uint8 lose no more than they say', async () => {
  const masked = maskModel(convMixer());
  const exact = weights(bake(masked));
  for (const tensors of ['float16', 'uint8'] as const) {
    const bytes = await encodeModel(masked, { tensors });
    const { sections } = inspectModel(bytes);
    const bound = Math.max(...sections.map(({ maxError }) => maxError ?? 0));
    expect(bound).toBeGreaterThan(0);
    const errors = weights(await decodeModel(bytes)).flatMap((w, i) =>
      w.map((v, j) => Math.abs(v - (exact[i]?.[j] as number))),
    );
    expect(Math.max(...errors)).toBeLessThanOrEqual(bound);
    expect(bytes.length).toBeLessThan((await encodeModel(masked)).length);
  }
  const mixed = await encodeModel(masked, {
    tensors: (name) => (name.endsWith('moving_variance') ? 'float32' : 'float16'),
  });
  expect(inspectModel(mixed).sections.map(({ name }) => name)).toEqual([
    'model',
    'masks/0',
    'float16',
    'float32',
  ]);
});

test('eight bits spare the variances of norms, unless they are asked for by name', async () => {
  const model = tf.sequential({ layers: [tf.layers.batchNormalization({ inputShape: [3] })] });
  model.layers[0]?.setWeights([
    tf.tensor1d([1, 2, 3]),
    tf.tensor1d([0, 1, -1]),
    tf.tensor1d([-2, 0, 2]),
    tf.tensor1d([0.0005, 0.001, 40]),
  ]);
  const varianceOf = async (tensors: 'uint8' | (() => 'uint8')) =>
    weights(await decodeModel(await encodeModel(model, { tensors })))[3] as number[];
  const [, small, large] = await varianceOf('uint8');
  expect(Math.abs((small as number) / 0.001 - 1)).toBeLessThan(2 ** -11);
  expect(Math.abs((large as number) / 40 - 1)).toBeLessThan(2 ** -11);
  const [, named] = await varianceOf(() => 'uint8');
  expect(Math.abs((named as number) / 0.001 - 1)).toBeGreaterThan(0.01);
});

describe('handler', () => {
  test('loads from bytes, and gives the metadata', async () => {
    const masked = maskModel(convNet());
    const bytes = await encodeModel(masked, { metadata: { classes: ['a', 'b'] } });
    const x = inputs(masked);
    for (const source of [bytes, bytes.slice().buffer]) {
      const loaded = await tf.loadLayersModel(pleatHandler(source));
      expect(predict(loaded, x)).toEqual(predict(bake(masked), x));
      expect(loaded.getUserDefinedMetadata()).toEqual({ classes: ['a', 'b'] });
    }
  });

  test('saves to a path, whole or not at all, and loads from path and file URL', async () => {
    const masked = maskModel(convNet());
    const path = join(folder, 'model.pleat');
    const x = inputs(masked);
    await masked.save(pleatHandler(path, { metadata: { note: 'é' } }));
    expect(await readdir(folder)).toEqual(['model.pleat']);
    expect(new Uint8Array(await readFile(path))).toEqual(
      await encodeModel(masked, { metadata: { note: 'é' } }),
    );
    for (const source of [path, pathToFileURL(path), pathToFileURL(path).href]) {
      const loaded = await tf.loadLayersModel(pleatHandler(source));
      expect(predict(loaded, x)).toEqual(predict(bake(masked), x));
    }
    await expect(
      masked.save(pleatHandler(join(folder, 'no', 'such', 'folder.pleat'))),
    ).rejects.toThrow();
    expect(await readdir(folder)).toEqual(['model.pleat']);
  });

  test('fetches URLs, and says what the server answered', async () => {
    const masked = maskModel(convNet());
    const bytes = await encodeModel(masked);
    const server = createServer((request, response) => {
      response.writeHead(request.url === '/model.pleat' ? 200 : 404).end(bytes);
    }).listen(0, '127.0.0.1');
    await new Promise((resolve) => server.once('listening', resolve));
    const { port } = server.address() as AddressInfo;
    const at = (name: string) => pleatHandler(`http://127.0.0.1:${port}/${name}`);
    const x = inputs(masked);
    try {
      expect(predict(await tf.loadLayersModel(at('model.pleat')), x)).toEqual(
        predict(bake(masked), x),
      );
      await expect(tf.loadLayersModel(at('other.pleat'))).rejects.toThrow(/status 404/);
    } finally {
      server.close();
    }
    server.closeAllConnections();
    await expect(tf.loadLayersModel(at('model.pleat'))).rejects.toThrow(
      /^pleatHandler: cannot read http.*fetch failed.*; check the address\.$/,
    );
  });

  test.each(['none.pleat', '.'])('says which path cannot be read: %s', async (name) => {
    const path = join(folder, name);
    await expect(tf.loadLayersModel(pleatHandler(path))).rejects.toThrow(
      `pleatHandler: cannot read ${path} (`,
    );
  });

  test.each([null, undefined, 42, {}])('refuses %o as a source', async (source) => {
    await expect(tf.loadLayersModel(pleatHandler(source as never))).rejects.toThrow(
      /^pleatHandler: expected a path, a URL, a Uint8Array or an ArrayBuffer, got/,
    );
  });

  test('cannot save to bytes', async () => {
    await expect(maskModel(convNet()).save(pleatHandler(new Uint8Array(4)))).rejects.toThrow(
      /path in Node only/,
    );
  });

  test.each([convNet, nested])('leaks nothing: %o', async (make) => {
    const masked = maskModel(make());
    const bytes = await encodeModel(masked);
    // tfjs' own model.dispose() leaves weights of models in models behind, so the test frees them one by one.
    const free = (model: tf.LayersModel) => tf.dispose(model.getWeights());
    const before = tf.memory().numTensors;
    await encodeModel(masked);
    free(await decodeModel(bytes));
    free(await tf.loadLayersModel(pleatHandler(bytes)));
    free(bake(masked));
    await masked.save(pleatHandler(join(folder, 'leak.pleat')));
    expect(tf.memory().numTensors).toBe(before);
  });
});

describe('size', () => {
  test('a ConvMixer 64/4 spends less on its description than on its masks', async () => {
    const bytes = await encodeModel(maskModel(convMixer(64, 4, 32)), {
      metadata: { classes: ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h', 'i', 'j'] },
    });
    const report = inspectModel(bytes);
    const bytesOf = (name: string) => report.sections.find((s) => s.name === name)?.bytes as number;
    expect(bytesOf('model') + report.headerBytes).toBeLessThan(bytesOf('masks/0') / 2);
  });

  test('inspect counts what a plain count gives', async () => {
    const masked = maskModel(convNet(), {
      learner: { name: 'edge-popup', keep: 0.25 },
      prototype: { ratio: 0.1 },
    });
    const bytes = await encodeModel(masked, { metadata: { by: 'test' } });
    const report = inspectModel(bytes);
    const baked = bake(masked);
    const total = baked.countParams();
    // By hand: kernels 3*3*3*4, 3*3*4*2, 128*5; the largest layer has 640, of which a tenth and one.
    const maskedWeights = 108 + 72 + 640;
    const unique = Math.floor(640 * 0.1) + 1;
    expect(report.float32Bytes).toBe(4 * total);
    expect(report.fileBytes).toBe(bytes.length);
    expect(report.trueRatio).toBeCloseTo(1 - bytes.length / (4 * total), 12);
    expect(report.paperRatio).toBeCloseTo(
      1 - (32 * unique + maskedWeights) / (32 * maskedWeights),
      12,
    );
    const kept = report.weights.filter(({ kept }) => kept !== null);
    expect(kept.map(({ weights, kept }) => weights * (kept as number))).toEqual([27, 18, 160]);
    expect(report.weights.reduce((sum, { weights }) => sum + weights, 0)).toBe(total);
    expect(report.metadata).toEqual({ by: 'test' });
    const sectionBytes = report.sections.reduce((sum, s) => sum + s.bytes, 0);
    expect(sectionBytes).toBeLessThanOrEqual(bytes.length - report.headerBytes);
  });
});

test('wrong arguments are refused by name', async () => {
  const model = convNet();
  await expect(encodeModel(null as never)).rejects.toThrow(
    /^encodeModel: expected a tf.LayersModel/,
  );
  await expect(encodeModel(model, { tensor: 'uint8' } as never)).rejects.toThrow(
    /^encodeModel: unknown option 'tensor'; it has metadata, maskCoding, tensors, kept, norms\.$/,
  );
  for (const tensors of ['int8', () => 'int8']) {
    await expect(encodeModel(model, { tensors } as never)).rejects.toThrow(
      /^encodeModel: tensors must be one of float32, float16, uint8, got int8 for weight/,
    );
  }
  for (const wrong of [null, 'model.pleat', new ArrayBuffer(8), {}]) {
    await expect(decodeModel(wrong as never)).rejects.toThrow(
      /^decodeModel: expected the file's bytes/,
    );
    expect(() => inspectModel(wrong as never)).toThrow(/^inspectModel: expected the file's bytes/);
  }
});
