import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import * as tf from '@tensorflow/tfjs';
import { afterAll, describe, expect, test } from 'vitest';
import { deviceInfo, memoryStats } from '../src/device.ts';
import { DriverError, openDriver } from '../src/driver/driver.ts';
import { type NativeLibrary, openLibrary } from '../src/driver/libraries.ts';
import { standInDriver } from './fixtures/stand-ins.ts';

/** A library whose every call returns one code. */
const answering = (code: number): NativeLibrary => ({ func: () => () => code });

describe('a driver that does not work', () => {
  test('is absent', () => {
    expect(() => openDriver(() => undefined)).toThrow(DriverError);
    expect(() => openDriver(() => undefined)).toThrow(
      /there is no NVIDIA driver|macOS has no CUDA/,
    );
  });

  test.each([
    [100, 'the driver sees no GPU; check CUDA_VISIBLE_DEVICES'],
    [803, 'the driver in the kernel and its library differ; restart the machine'],
    [34, 'is a stub without a driver'],
    [999, 'try nvidia-smi'],
  ])('answers with code %i', (code, text) => {
    const open = () => openDriver(() => answering(code));
    expect(open).toThrow(`NVIDIA's driver answers cuInit with error ${code}: `);
    expect(open).toThrow(text);
  });
});

const folder = mkdtempSync(join(tmpdir(), 'pleat-driver-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const fake = join(folder, 'libcuda-stand-in.so');
const source = fileURLToPath(new URL('./fixtures/fake-driver.c', import.meta.url));
const compiled =
  process.platform === 'linux' &&
  spawnSync(process.env.CC || 'cc', ['-shared', '-fPIC', '-o', fake, source]).status === 0;

// Skips without a C compiler: what is called, and how, shows only against native code.
describe.skipIf(!compiled)('a compiled stand-in for the driver', () => {
  const open = () => openDriver(() => openLibrary([join(folder, 'absent.so'), fake]));

  test('tells its GPUs', () => {
    const driver = open();
    expect(driver.version).toBe('570.12.34');
    expect(driver.cuda).toBe('12.8');
    const shared = { driver: '570.12.34', cuda: '12.8' };
    expect(driver.devices).toEqual([
      {
        index: 0,
        name: 'Fake GPU A',
        memoryBytes: 80 * 2 ** 30,
        computeCapability: '8.6',
        ...shared,
      },
      {
        index: 1,
        name: 'Fake GPU B',
        memoryBytes: 160 * 2 ** 30,
        computeCapability: '9.6',
        ...shared,
      },
    ]);
    expect(deviceInfo(1, driver)).toEqual(driver.devices[1]);
  });

  test('tells the memory of each, and lets go of it again', () => {
    const driver = open();
    expect(driver.isActive(1)).toBe(false);
    expect(driver.memory(1)).toEqual({
      freeBytes: 160 * 2 ** 30 - 1000,
      totalBytes: 160 * 2 ** 30,
    });
    expect(driver.memory(0).totalBytes).toBe(80 * 2 ** 30);
    expect(driver.isActive(1)).toBe(false);
  });
});

test('memoryStats adds the tensors of tfjs', async () => {
  await tf.setBackend('cpu');
  const before = memoryStats(0, standInDriver());
  const tensor = tf.zeros([1000]);
  const after = memoryStats(0, standInDriver());
  expect(after).toMatchObject({ totalBytes: 80e9, freeBytes: 60e9, usedBytes: 20e9 });
  expect(after.tensorBytes - before.tensorBytes).toBe(4000);
  expect(after.tensors - before.tensors).toBe(1);
  tensor.dispose();
});

test('a GPU that is not there is an error that tells how many are', () => {
  expect(() => deviceInfo(3, standInDriver({ count: 2 }))).toThrow(
    'deviceInfo: expected the number of a GPU below 2, got 3',
  );
  expect(() => memoryStats(3, standInDriver())).toThrow('memoryStats: expected');
});
