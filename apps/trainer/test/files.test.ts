import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { CliError, errorSentence, UsageError } from '../src/cli/errors.ts';
import { resolveConfig } from '../src/config/resolve.ts';
import { type Checkpoint, loadCheckpoint, saveCheckpoint } from '../src/run/checkpoint.ts';
import { createRun, readRunConfig, runPaths } from '../src/run/folder.ts';
import { openMetrics, parseMetrics } from '../src/run/metrics.ts';
import { temporaryFolder } from './run-fixture.ts';

const tensor = (...values: number[]) => ({
  shape: [values.length],
  values: Float32Array.from(values),
});

const checkpoint: Checkpoint = {
  config: { model: 'convmixer', epochs: 3 },
  state: {
    epoch: 1,
    batch: 2,
    step: 9,
    running: { loss: 0.1 + 0.2, correct: 3, seen: 32 },
    best: { epoch: 1, accuracy: 1 / 3, loss: 2.2 },
    seconds: 1.25,
  },
  metrics: { jsonl: 100, csv: 50 },
  optimizer: { step: 9, slots: [{ name: 'w', step: 9, values: [Float32Array.of(1e-40, -0)] }] },
  weights: [tensor(1, 2, 3), { shape: [], values: Float32Array.of(Math.PI) }],
  bestWeights: [tensor(4, 5, 6), { shape: [], values: Float32Array.of(1) }],
};

describe('a checkpoint', () => {
  test('comes back exactly', async () => {
    const path = join(temporaryFolder(), 'c.bin');
    await saveCheckpoint(path, checkpoint);
    expect(await loadCheckpoint(path)).toEqual(checkpoint);
    const without = { ...checkpoint, bestWeights: null };
    await saveCheckpoint(path, without);
    expect(await loadCheckpoint(path)).toEqual(without);
  });

  test('that is not there is undefined', async () => {
    expect(await loadCheckpoint(join(temporaryFolder(), 'c.bin'))).toBeUndefined();
  });

  test.each(['cut', 'flipped', 'empty', 'text'])(
    'that is %s gives one sentence',
    async (damage) => {
      const path = join(temporaryFolder(), 'c.bin');
      await saveCheckpoint(path, checkpoint);
      const bytes = readFileSync(path);
      if (damage === 'cut') writeFileSync(path, bytes.subarray(0, bytes.length - 9));
      if (damage === 'flipped') bytes[bytes.length - 12]! ^= 16;
      if (damage === 'flipped') writeFileSync(path, bytes);
      if (damage === 'empty') writeFileSync(path, '');
      if (damage === 'text')
        writeFileSync(path, 'not a checkpoint at all, but long enough to be read');
      const attempt = loadCheckpoint(path);
      await expect(attempt).rejects.toBeInstanceOf(CliError);
      await expect(attempt).rejects.toThrow(
        /^The checkpoint .* is damaged \(.*\); start the run anew with --overwrite\.$/,
      );
    },
  );
});

describe('metrics files', () => {
  const row = {
    epoch: 1,
    step: 2,
    learningRate: 0.5,
    trainLoss: 1,
    trainAccuracy: 0.5,
    validationLoss: null,
    validationAccuracy: null,
  };

  test('are cut back to the checkpoint', () => {
    const paths = runPaths(temporaryFolder());
    const first = openMetrics(paths);
    first.step({ step: 1, epoch: 1, learningRate: 0.5, loss: 2 });
    const position = first.flush();
    first.step({ step: 2, epoch: 1, learningRate: 0.5, loss: 1 });
    first.epoch(row);
    first.close();
    const whole = readFileSync(paths.metrics, 'utf8');
    const second = openMetrics(paths, position);
    second.step({ step: 2, epoch: 1, learningRate: 0.5, loss: 1 });
    second.epoch(row);
    second.close();
    expect(readFileSync(paths.metrics, 'utf8')).toBe(whole);
    expect(parseMetrics(whole)).toMatchObject({ steps: [{ step: 1 }, { step: 2 }], epochs: [row] });
    expect(readFileSync(paths.csv, 'utf8').split('\n')[1]).toBe('1,2,0.5,1,0.5,,');
  });

  test('shorter than the checkpoint says give one sentence', () => {
    const paths = runPaths(temporaryFolder());
    openMetrics(paths).close();
    expect(() => openMetrics(paths, { jsonl: 10, csv: 0 })).toThrow(
      /metrics.jsonl is shorter than the checkpoint says/,
    );
  });
});

describe('a run folder', () => {
  const config = resolveConfig({ options: { epochs: 2 }, origin: 'the test' });

  test('is made with its configuration', async () => {
    const paths = runPaths(join(temporaryFolder(), 'deep', 'run'));
    await createRun(paths, config, false);
    expect(await readRunConfig(paths)).toEqual(config);
  });

  test('that holds a run is refused, unless it is to be replaced', async () => {
    const paths = runPaths(temporaryFolder());
    await createRun(paths, config, false);
    writeFileSync(paths.checkpoint, 'old');
    await expect(createRun(paths, config, false)).rejects.toBeInstanceOf(UsageError);
    await createRun(paths, { ...config, epochs: 3 }, true);
    expect(existsSync(paths.checkpoint)).toBe(false);
    expect(await readRunConfig(paths)).toMatchObject({ epochs: 3 });
  });

  test('that cannot be made gives one sentence', async () => {
    const file = join(temporaryFolder(), 'file');
    writeFileSync(file, '');
    const error = await createRun(runPaths(join(file, 'run')), config, false).catch((e) => e);
    expect(errorSentence(error)).toMatch(
      /^Cannot use .*: a part of the path is not a folder; check the path/,
    );
  });

  test('with a broken configuration gives one sentence', async () => {
    const paths = runPaths(temporaryFolder());
    writeFileSync(paths.config, '{"epochs":');
    await expect(readRunConfig(paths)).rejects.toThrow(/config.json cannot be read .* --overwrite/);
  });
});
