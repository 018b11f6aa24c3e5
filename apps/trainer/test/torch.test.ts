import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { built, run, tinyTrain, torchFound } from './cli-fixture.ts';
import { temporaryFolder } from './run-fixture.ts';

/** The losses of a run's steps. */
function losses(folder: string): number[] {
  const lines = readFileSync(join(folder, 'metrics.jsonl'), 'utf8').trim().split('\n');
  return lines
    .map((line) => JSON.parse(line))
    .filter(({ kind }) => kind === 'step')
    .map(({ loss }) => loss);
}

describe.skipIf(!built || !torchFound)('the torch engine', () => {
  // Both keep what they computed from variables until those change; the fused optimiser writes over their values.
  test.each([
    ['masks over the network', ['--learner', 'edge-popup', '--scope', 'global']],
    ['learned scales', ['--learner', 'signed', '--scales', 'layer']],
  ])(
    'trains %s as the wasm engine does',
    async (_what, flags) => {
      const cwd = temporaryFolder();
      for (const engine of ['torch', 'wasm']) {
        const { code, stderr } = await run(
          tinyTrain(engine, '--engine', engine, '--epochs', '1', ...flags),
          cwd,
        );
        expect(code, stderr).toBe(0);
      }
      const [ours, theirs] = [losses(join(cwd, 'torch')), losses(join(cwd, 'wasm'))];
      for (const [i, loss] of ours.slice(0, 5).entries()) expect(loss).toBeCloseTo(theirs[i]!, 3);
    },
    120_000,
  );

  test('trains as the wasm engine does, and keeps its name and threads with the run', async () => {
    const cwd = temporaryFolder();
    const trained = await run(
      [...tinyTrain('torch', '--engine', 'torch', '--epochs', '2'), '--json'],
      cwd,
    );
    expect(trained.code, trained.stderr).toBe(0);
    expect(trained.stderr).toMatch(/engine torch \(libtorch .*, 2 threads\)\n/);
    expect(JSON.parse(trained.stdout).engine).toEqual({ name: 'torch', threads: 2 });
    const saved = JSON.parse(readFileSync(join(cwd, 'torch', 'config.json'), 'utf8'));
    expect(saved).toMatchObject({ engine: 'torch', threads: 2 });

    const other = await run(tinyTrain('wasm', '--engine', 'wasm', '--epochs', '2'), cwd);
    expect(other.code, other.stderr).toBe(0);
    const [ours, theirs] = [losses(join(cwd, 'torch')), losses(join(cwd, 'wasm'))];
    expect(ours).toHaveLength(20);
    // A sign that rounding tips over changes a bit of the mask: only the first steps compare closely.
    for (const [i, loss] of ours.slice(0, 4).entries()) expect(loss).toBeCloseTo(theirs[i]!, 3);
    expect(ours.at(-1)!).toBeLessThan(ours[0]!);

    const evaluated = await run(['eval', 'torch/model.pleat', '--engine', 'torch', '--json'], cwd);
    expect(evaluated.stderr).toContain('engine torch');
    const { correct, loss } = JSON.parse(evaluated.stdout);
    expect({ correct, loss }).toMatchObject({
      correct: JSON.parse(trained.stdout).test.correct,
      loss: JSON.parse(trained.stdout).test.loss,
    });

    rmSync(join(cwd, 'torch', 'summary.json'));
    const changed = await run(['train', '--resume', '--out', 'torch', '--threads', '1'], cwd);
    expect(changed.code).toBe(2);
    expect(changed.stderr).toContain('--threads is 1 in the command line but 2');
  });
});
