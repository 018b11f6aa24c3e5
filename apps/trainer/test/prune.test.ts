import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, test } from 'vitest';
import { writeModel } from '../src/files/write.ts';
import { built, run } from './cli-fixture.ts';
import { temporaryFolder } from './run-fixture.ts';

beforeAll(() => tf.setBackend('cpu'));

/** A model of Fashion-MNIST's form, untrained, as a tfjs folder. */
async function folder(): Promise<string> {
  const path = join(temporaryFolder(), 'model');
  const model = tf.sequential({
    layers: [
      tf.layers.conv2d({
        name: 'a',
        filters: 8,
        kernelSize: 5,
        strides: 4,
        activation: 'relu',
        inputShape: [28, 28, 1],
      }),
      tf.layers.conv2d({ name: 'b', filters: 8, kernelSize: 3, activation: 'relu' }),
      tf.layers.flatten(),
      tf.layers.dense({ name: 'c', units: 10 }),
    ],
  });
  await writeModel(path, model, {});
  return path;
}

describe.skipIf(!built)('pleat prune', () => {
  test('writes a smaller model of the same form and measures both', async () => {
    const from = await folder();
    const to = join(temporaryFolder(), 'small.pleat');
    const args = [
      'prune',
      from,
      to,
      '--compression',
      '0.5',
      '--criterion',
      'zeros',
      '--images',
      '64',
    ];
    const { code, stdout, stderr } = await run([
      ...args,
      '--dataset',
      'fashion-mnist-subset',
      '--engine',
      'cpu',
      '--json',
    ]);
    expect(stderr).not.toContain('error');
    expect(code).toBe(0);
    const { before, after, report } = JSON.parse(stdout);
    expect(before.images).toBe(1000);
    expect(after.images).toBe(1000);
    // 5 x 5 x 8 + 8, 3 x 3 x 8 x 8 + 8, and 4 x 4 x 8 x 10 + 10.
    expect(report.before.parameters).toBe(208 + 584 + 1290);
    expect(report.compression.parameters).toBeCloseTo(0.5, 1);
    const measured = await run([
      'eval',
      to,
      '--split',
      'validation',
      '--dataset',
      'fashion-mnist-subset',
      '--engine',
      'cpu',
      '--json',
    ]);
    expect(JSON.parse(measured.stdout).correct).toBe(after.correct);
  });

  test.each([
    [['--compression', '2'], '--compression takes a number from 0 to below 1.'],
    [['--compression', '0.999'], 'with one channel left in each of 2 groups'],
    [['--compression', '0.5', '--criterion', 'mean'], 'names no data set; name one with --dataset'],
    [[], "Required option '--compression <share>' not specified"],
  ])('%j is refused in one sentence', async (flags, sentence) => {
    const { code, stderr } = await run([
      'prune',
      await folder(),
      'nowhere',
      '--engine',
      'cpu',
      ...flags,
    ]);
    expect(stderr).toContain(sentence);
    expect(stderr.trim().split('\n')).toHaveLength(1);
    expect(code).toBe(2);
  });
});
