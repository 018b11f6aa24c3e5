import * as tf from '@tensorflow/tfjs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { fallbackCounts, registerTorch, torchKernels } from '../src/index.ts';
import { fixtureErrors } from './fixtures/check.ts';
import { fixtures } from './fixtures/load.ts';
import { torchFolder } from './found.ts';

test('at least 150 kernels of tfjs run on libtorch', () => {
  const { native, fallback } = torchKernels();
  const cpu = tf.getKernelsForBackend('cpu').map(({ kernelName }) => kernelName);
  const shared = native.filter((name) => cpu.includes(name));
  console.log(
    `${shared.length} of ${cpu.length} kernels on libtorch, ${native.length - shared.length} of our own; on tfjs' cpu backend: ${fallback.join(', ')}`,
  );
  expect(shared.length).toBeGreaterThanOrEqual(150);
  expect(shared.length + fallback.length).toBe(cpu.length);
});

describe.skipIf(torchFolder === undefined)('the fixtures', () => {
  const run = new Set<string>();
  let fallbacks: Record<string, number> = {};

  beforeAll(async () => {
    await registerTorch({ path: torchFolder!, threads: 1 });
    await tf.setBackend('torch');
    const engine = tf.engine();
    const { runKernel } = engine;
    engine.runKernel = function spied(this: typeof engine, name, ...rest) {
      run.add(name);
      return runKernel.call(this, name, ...rest);
    } as typeof runKernel;
    const before = fallbackCounts();
    for (const fixture of fixtures) fixtureErrors(fixture);
    engine.runKernel = runKernel;
    fallbacks = Object.fromEntries(
      Object.entries(fallbackCounts()).filter(([name, count]) => count !== (before[name] ?? 0)),
    );
  });
  afterAll(async () => {
    await tf.setBackend('cpu');
  });

  test('run every native kernel', () => {
    expect(torchKernels().native.filter((name) => !run.has(name))).toEqual([]);
  });

  test('run none of them on the fallback', () => {
    const { native } = torchKernels();
    expect(Object.keys(fallbacks).filter((name) => native.includes(name))).toEqual([]);
  });
});
