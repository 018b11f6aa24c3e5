import { describe, expect, test } from 'vitest';
import { toRows } from '../src/bench/compare.ts';
import type { Measured } from '../src/bench/measure.ts';
import { built, run, withoutTorch } from './cli-fixture.ts';

const small = ['--dim', '4', '--depth', '1', '--batch', '4', '--steps', '2', '--warmup', '1'];
const turn = (engine: Measured['engine'], times: number[]): Measured => ({
  engine,
  what: `engine ${engine}`,
  times,
  loss: 2,
  peakBytes: 1e6,
});

test('rows hold medians over all turns, the fastest first', () => {
  const measured = new Map([
    ['wasm', [turn('wasm', [20, 30]), turn('wasm', [40])]],
    ['torch', [turn('torch', [9, 11])]],
  ] as const);
  const [first, second] = toRows(measured, 64);
  expect(first).toMatchObject({ engine: 'torch', median: 10, imagesPerSecond: 6400, speedup: 3 });
  expect(second).toMatchObject({ engine: 'wasm', median: 30, least: 20, most: 40, speedup: 1 });
});

describe.skipIf(!built)('pleat bench engine', () => {
  test('measures engines in processes of their own, to the same loss', async () => {
    const args = ['bench', 'engine', ...small, '--turns', '1', '--engine', 'cpu', 'wasm', 'cuda'];
    const { code, stdout, stderr } = await run([...args, '--json'], undefined, withoutTorch);
    expect(code, stderr).toBe(0);
    const { engines, failed, steps } = JSON.parse(stdout);
    expect(steps).toBe(2);
    expect(engines.map(({ engine }: Measured) => engine).sort()).toEqual(['cpu', 'wasm']);
    expect(engines[0].loss).toBeCloseTo(engines[1].loss, 4);
    expect(failed).toMatchObject([{ engine: 'cuda' }]);
  });

  test.each([
    [['--steps', '0'], '--steps takes a whole number from 1 on, found 0.'],
    [['--batch', 'x'], '--batch'],
    [['--model', 'lenet'], 'Allowed choices are convmixer'],
    [['--engine', 'cuda', '--turns', '1'], 'No engine could be measured (cuda: --engine cuda: '],
  ])('%j is an error of one sentence', async (args, message) => {
    const { code, stderr } = await run(
      ['bench', 'engine', ...small, ...args],
      undefined,
      withoutTorch,
    );
    expect(stderr).toContain(message);
    expect(code).toBeGreaterThan(0);
  });
});
