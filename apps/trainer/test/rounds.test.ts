import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { inspectModel } from '@pleat/mask';
import { describe, expect, test } from 'vitest';
import { resolveConfig } from '../src/config/resolve.ts';
import { roundsOf } from '../src/train/rounds.ts';
import { built, run, tinyTrain } from './cli-fixture.ts';
import { temporaryFolder } from './run-fixture.ts';

const config = (options: Record<string, unknown>) => resolveConfig({ options, origin: 'the test' });

describe('the rounds of a run', () => {
  test('are one, unless weights are pruned', () => {
    expect(roundsOf(config({ epochs: 3 }))).toEqual([{ epochs: 3, compression: 0, from: 'fresh' }]);
    expect(roundsOf(config({ method: 'prune', epochs: 5, compression: 0.92 }))).toEqual([
      { epochs: 5, compression: 0, from: 'fresh' },
      { epochs: 3, compression: 0.92, from: 'trained' },
    ]);
  });

  test('of a lottery ticket prune an equal share of what is left each', () => {
    const rounds = roundsOf(
      config({ method: 'lottery', compression: 0.875, rounds: 3, reinit: true }),
    );
    const shares = rounds.map(({ compression }) => compression);
    for (const [i, share] of [0, 0.5, 0.75, 0.875].entries())
      expect(shares[i]).toBeCloseTo(share, 12);
    expect(rounds.map(({ from }) => from)).toEqual([
      'fresh',
      'rewound',
      'rewound',
      'reinitialised',
    ]);
    expect(() => config({ method: 'lottery', epochs: 2, rewind: 2 })).toThrow('--rewind is 2');
  });
});

describe.skipIf(!built)('a run', () => {
  test.each([
    ['prune', ['--compression', '0.9', '--kept', 'uint8'], 0.1],
    ['lottery', ['--compression', '0.75', '--rounds', '2', '--rewind', '1'], 0.25],
    ['binary', [], 1],
  ])(
    'of --method %s leaves a file of the weights it was to keep',
    async (method, options, kept) => {
      const cwd = temporaryFolder();
      const args = tinyTrain(
        'out',
        '--method',
        method,
        '--epochs',
        '2',
        '--engine',
        'wasm',
        ...options,
      );
      const end = await run([...args, '--dim', '32', '--json'], cwd);
      expect(end.code, end.stderr).toBe(0);
      const summary = JSON.parse(end.stdout);
      const { weights } = inspectModel(new Uint8Array(readFileSync(join(cwd, 'out/model.pleat'))));
      const sparse = weights.filter(({ form }) => form === 'sparse');
      expect(sparse.length).toBeGreaterThan(2);
      for (const weight of sparse)
        expect(Math.abs(weight.kept! - kept) * weight.weights).toBeLessThan(1);
      const rounds = { prune: 2, lottery: 3, binary: 1 }[method]!;
      expect(summary.rounds).toHaveLength(rounds - 1);
      expect(summary.imagesSeen).toBe(summary.steps * 32);
    },
  );
});
