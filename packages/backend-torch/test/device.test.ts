import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parseDevice } from '../src/device.ts';
import { registerTorch } from '../src/index.ts';
import { setUp } from '../src/setup.ts';
import { bounds, fixtureErrors } from './fixtures/check.ts';
import { write } from './fixtures/fake-torch.ts';
import { fixtures } from './fixtures/load.ts';
import { torchFolder } from './found.ts';
import { type DeviceLog, gpuStandIn } from './stand-in.ts';

describe('the name of a device', () => {
  test('is the processor, the first GPU or one by its number', () => {
    expect(parseDevice('cpu')).toEqual({ name: 'cpu', cuda: false, index: 0 });
    expect(parseDevice('cuda')).toEqual({ name: 'cuda:0', cuda: true, index: 0 });
    expect(parseDevice('cuda:3')).toEqual({ name: 'cuda:3', cuda: true, index: 3 });
  });

  test.each(['gpu', 'cuda:', 'cuda:-1', 'cuda:1.5', ''])('is not %j', (name) => {
    expect(() => parseDevice(name)).toThrow(/expected device to be 'cpu', 'cuda' or 'cuda:N'/);
  });
});

describe('a GPU that is not there', () => {
  const folder = mkdtempSync(join(tmpdir(), 'pleat-device-'));
  afterAll(() => rmSync(folder, { recursive: true }));

  test('a build for the processor says how to get one with CUDA', async () => {
    for (const file of ['libc10.so', 'libtorch_cpu.so']) write(join(folder, file), 'nothing');
    await expect(registerTorch({ device: 'cuda:0', path: folder })).rejects.toThrow(
      /expected libc10_cuda\.so in .*built for the processor alone.*pip install torch/,
    );
  });

  test('a library that cannot be loaded is named', async () => {
    for (const file of ['libc10_cuda.so', 'libtorch_cuda.so']) write(join(folder, file), 'nothing');
    await expect(registerTorch({ device: 'cuda:0', path: folder })).rejects.toThrow(
      /expected .*libc10\.so to load, found: .*install torch anew/,
    );
  });
});

// Where no GPU is at hand: all that happens before its edge is run against a stand-in that holds tensors in the
// processor's memory and refuses whatever would touch memory of a GPU.
describe.skipIf(torchFolder === undefined)('the path of a GPU, on a stand-in', () => {
  let log: DeviceLog;

  beforeAll(async () => {
    const standIn = gpuStandIn(torchFolder!);
    log = standIn.log;
    const device = parseDevice('cuda:1');
    setUp(standIn.library, { device, threads: 1, deterministic: false, precision: 'tf32' });
    await tf.setBackend('torch');
  });
  afterAll(async () => {
    await tf.setBackend('cpu');
    tf.removeBackend('torch');
    expect(log.guards).toBe(0);
  });

  test('holds a guard of its device and has allowed TF32', () => {
    expect(log.guards).toBe(1);
    expect(log.tf32).toBe(true);
  });

  test('copies in and out across the edge', async () => {
    const before = { ...log };
    const x = tf.tensor([1.5, -2], [2]);
    expect(Array.from(x.dataSync())).toEqual([1.5, -2]);
    expect(Array.from(await x.toBool().data())).toEqual([1, 1]);
    expect(log.uploads).toBe(before.uploads + 1);
    expect(log.downloads).toBe(before.downloads + 1);
    expect(log.later).toBe(before.later + 1);
    x.dispose();
  });

  test('does not wait for an upload, unless there is no pinned memory', () => {
    const before = { ...log };
    const upload = () => {
      const x = tf.tensor([1.5, -2], [2]);
      expect(Array.from(x.dataSync())).toEqual([1.5, -2]);
      x.dispose();
    };
    upload();
    expect(log.pinned).toBe(before.pinned + 1);
    log.scarce = true;
    upload();
    log.scarce = false;
    expect(log.pinned).toBe(before.pinned + 1);
    expect(log.uploads).toBe(before.uploads + 2);
  });

  test('multiplies whole numbers, which CUDA itself does not', () => {
    const [a, b] = [
      tf.tensor2d([[2 ** 15, 3]], [1, 2], 'int32'),
      tf.tensor2d([[2 ** 15 + 1], [-5]]),
    ];
    const whole = b.toInt();
    const product = tf.matMul(a, whole);
    expect(product.dtype).toBe('int32');
    expect(Array.from(product.dataSync())).toEqual([2 ** 30 + 2 ** 15 - 15]);
    tf.dispose([a, b, whole, product]);
  });

  describe.each([...new Set(fixtures.map(({ family }) => family))])('%s', (family) => {
    for (const fixture of fixtures.filter((one) => one.family === family)) {
      test(fixture.name, () => {
        const { forward, gradient } = fixtureErrors(fixture);
        expect(forward).toBeLessThanOrEqual(bounds.forward);
        expect(gradient).toBeLessThanOrEqual(bounds.gradient);
      });
    }
  });
});
