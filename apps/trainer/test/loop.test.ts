import { readFileSync } from 'node:fs';
import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, test } from 'vitest';
import { loadCheckpoint } from '../src/run/checkpoint.ts';
import { runPaths } from '../src/run/folder.ts';
import { trainLoop } from '../src/train/loop.ts';
import { saveWeights } from '../src/train/weights.ts';
import { openRun, temporaryFolder } from './run-fixture.ts';

beforeAll(async () => {
  await tf.setBackend('cpu');
});

const methods = [
  { method: 'dense' },
  { method: 'mask' },
  { method: 'mask', learner: 'supermask' },
  { method: 'dense', optimizer: 'sgd', nesterov: true },
  { method: 'integral', minWidth: 0.25, sandwich: true, selfDistill: true, jitter: 0.5 },
  {
    learner: 'ternary',
    cut: 'learned',
    keep: 0.3,
    bitPrice: 0.1,
    scoreNoise: 0.5,
    frozenKept: 0.1,
    fold: 2,
    scales: 'channel',
    scoreDecay: false,
  },
];

describe.each(methods)('training with %j', (options) => {
  test('stopped at any step and resumed gives the same weights and metrics, bit for bit', async () => {
    const whole = temporaryFolder();
    const one = await openRun(whole, options);
    await trainLoop(one);
    one.metrics.close();
    const expected = await saveWeights(one.model);
    const files = runPaths(whole);

    const folder = temporaryFolder();
    for (const stopAt of [1, 3, 6, 8, 11]) {
      // Metrics go on after the checkpoint, as they do before a SIGKILL.
      const run = await openRun(folder, options);
      run.progress.update = (step) => {
        if (step === stopAt) throw new Error('killed');
      };
      await expect(trainLoop(run)).rejects.toThrow('killed');
      run.metrics.close();
    }
    const last = await openRun(folder, options);
    expect(last.state.step).toBe(8);
    await trainLoop(last);
    last.metrics.close();
    expect(await saveWeights(last.model)).toEqual(expected);
    expect(last.bestWeights).toEqual(one.bestWeights);
    const again = runPaths(folder);
    for (const name of ['metrics', 'csv'] as const) {
      expect(readFileSync(again[name], 'utf8')).toBe(readFileSync(files[name], 'utf8'));
    }
  });

  test('holds the same number of tensors after every step', async () => {
    const run = await openRun(temporaryFolder(), { ...options, epochs: 4 });
    const counts: number[] = [];
    run.progress.update = () => counts.push(tf.memory().numTensors);
    await trainLoop(run);
    run.metrics.close();
    expect(counts).toHaveLength(24);
    // The first step makes the optimiser's slots.
    expect(new Set(counts.slice(1)).size).toBe(1);
  });
});

describe('the training loop', () => {
  test('writes a line per step and a row per epoch', async () => {
    const folder = temporaryFolder();
    const run = await openRun(folder, { method: 'dense' });
    await trainLoop(run);
    run.metrics.close();
    const paths = runPaths(folder);
    const lines = readFileSync(paths.metrics, 'utf8')
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(lines.filter(({ kind }) => kind === 'step')).toHaveLength(12);
    expect(lines.filter(({ kind }) => kind === 'epoch')).toHaveLength(2);
    const csv = readFileSync(paths.csv, 'utf8').trim().split('\n');
    expect(csv[0]).toBe(
      'epoch,step,learningRate,trainLoss,trainAccuracy,validationLoss,validationAccuracy',
    );
    expect(csv).toHaveLength(3);
    expect(run.state).toMatchObject({ epoch: 2, batch: 0, step: 12 });
  });

  test('tells of the epoch that is kept: the best, or the last when that is asked for', async () => {
    const told = async (select: 'best' | 'last') => {
      // A rate that ruins what the first epoch learnt.
      const options = { method: 'dense', dim: 8, epochs: 4, schedule: 'constant', select } as const;
      const run = await openRun(temporaryFolder(), { ...options, learningRate: 0.02 });
      const accuracies: number[] = [];
      const epoch = run.metrics.epoch;
      run.metrics.epoch = (row) => {
        accuracies.push(row.validationAccuracy!);
        run.optimizer.learningRate = 100;
        run.schedule = () => 100;
        epoch(row);
      };
      await trainLoop(run);
      run.metrics.close();
      return { accuracies, kept: run.state.best! };
    };
    const best = await told('best');
    expect(best.kept.accuracy).toBe(Math.max(...best.accuracies));
    expect(best.accuracies.at(-1)).toBeLessThan(best.kept.accuracy);
    const last = await told('last');
    expect(last.accuracies).toEqual(best.accuracies);
    expect(last.kept).toMatchObject({ epoch: 4, accuracy: last.accuracies.at(-1) });
  });

  test('learns: the loss of the last epoch is below that of the first', async () => {
    const run = await openRun(temporaryFolder(), {
      method: 'dense',
      dim: 8,
      learningRate: 0.05,
      epochs: 8,
      augmentation: 'none',
    });
    const losses: number[] = [];
    const epoch = run.metrics.epoch;
    run.metrics.epoch = (row) => {
      losses.push(row.trainLoss);
      epoch(row);
    };
    await trainLoop(run);
    run.metrics.close();
    expect(losses.at(-1)!).toBeLessThan(losses[0]! - 0.3);
  });

  test('stops with one sentence when the loss is no number, and keeps the last good state', async () => {
    const folder = temporaryFolder();
    const run = await openRun(folder, { method: 'dense', checkpointEvery: 2 });
    run.progress.update = (step) => {
      if (step !== 5) return;
      const first = run.model.weights[0]!;
      tf.tidy(() => void first.write(tf.fill(first.shape as number[], Number.NaN)));
    };
    await expect(trainLoop(run)).rejects.toThrow(
      /^The loss became NaN at step 6 .* lower --learning-rate\.$/,
    );
    run.metrics.close();
    const checkpoint = await loadCheckpoint(runPaths(folder).checkpoint);
    expect(checkpoint?.state.step).toBe(4);
    expect(checkpoint?.weights.every(({ values }) => values.every(Number.isFinite))).toBe(true);
  });

  test('saves and stops after a signal', async () => {
    const folder = temporaryFolder();
    const run = await openRun(folder, { method: 'dense' });
    let asked = false;
    run.signals = {
      get signal() {
        return asked ? ('SIGINT' as const) : null;
      },
      check: () => {
        if (asked) throw new Error('stopped');
      },
      stop: () => undefined,
    };
    run.progress.update = (step) => {
      asked = step === 7;
    };
    await expect(trainLoop(run)).rejects.toThrow('stopped');
    run.metrics.close();
    expect((await loadCheckpoint(runPaths(folder).checkpoint))?.state.step).toBe(7);
  });
});
