import { existsSync } from 'node:fs';
import { Worker } from 'node:worker_threads';
import { describe, expect, it } from 'vitest';
import { type SolveOptions, type SolveResult, type SquareMatrix, solve } from '../src/index.ts';
import { randomCities } from './instances.ts';

const built = existsSync(new URL('../dist/index.js', import.meta.url));

function inWorker(
  matrix: SquareMatrix,
  options: SolveOptions,
): Promise<{ result: SolveResult; seen: number[] }> {
  return new Promise((resolve, reject) => {
    const worker = new Worker(new URL('./worker.mjs', import.meta.url), {
      workerData: { matrix, options },
      // Without the condition by which tests read sources.
      execArgv: [],
    });
    worker.once('message', resolve);
    worker.once('error', reject);
  });
}

// Needs the built package, as a user has it: `pnpm build`.
describe.skipIf(!built)('in worker threads', () => {
  it('gives what the main thread gives, two at once', async () => {
    const tasks = [1, 2].map((seed) => ({
      matrix: randomCities(50, seed),
      options: { seed, kicks: 2000, closed: seed === 1 },
    }));
    const there = await Promise.all(tasks.map(({ matrix, options }) => inWorker(matrix, options)));
    for (const [i, { matrix, options }] of tasks.entries()) {
      expect(there[i]?.result).toEqual(solve(matrix, options));
      expect(there[i]?.seen).toHaveLength(2);
    }
  });
});
