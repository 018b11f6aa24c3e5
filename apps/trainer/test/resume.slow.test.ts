import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { built, run, start, tinyTrain, torchFound } from './cli-fixture.ts';
import { temporaryFolder } from './run-fixture.ts';

const results = ['model.pleat', 'metrics.jsonl', 'metrics.csv'];
const sleep = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

const wasm = ['--engine', 'wasm', '--epochs', '12'];
const runs: [title: string, options: string[], possible?: boolean][] = [
  ['signed masks on the wasm engine', wasm],
  ['Bernoulli masks on the wasm engine', [...wasm, '--learner', 'supermask']],
  [
    'edge-popup with sgd on the cpu engine',
    ['--epochs', '4', '--engine', 'cpu', '--learner', 'edge-popup', '--optimizer', 'sgd'],
  ],
  [
    'a lottery ticket on the wasm engine',
    ['--epochs', '4', '--method', 'lottery', '--rounds', '2', '--rewind', '1', '--kept', 'uint4'],
  ],
  [
    'pruned weights on the wasm engine',
    ['--epochs', '6', '--method', 'prune', '--criterion', 'random', '--kept', 'uint8'],
  ],
  [
    'binary weights on the wasm engine',
    ['--epochs', '12', '--method', 'binary', '--estimator', 'error-decay', '--balance'],
  ],
  ['dense weights on the wasm engine', [...wasm, '--method', 'dense', '--workers', '0']],
  [
    'an integral network on the wasm engine',
    ['--epochs', '6', '--method', 'integral', '--sandwich', '--self-distill', '--jitter', '0.3'],
  ],
  ['signed masks on the torch engine', ['--engine', 'torch', '--epochs', '12'], torchFound],
];

describe.skipIf(!built)('SIGKILL at any moment, then --resume', () => {
  for (const [title, options, possible = true] of runs) {
    test.skipIf(!possible)(`${title}: the same bytes as without a kill`, () => killOften(options));
  }
});

async function killOften(options: string[]): Promise<void> {
  const whole = temporaryFolder();
  const began = performance.now();
  const finished = await run(tinyTrain(whole, ...options));
  const duration = performance.now() - began;
  expect(finished.code, finished.stderr).toBe(0);

  const folder = temporaryFolder();
  const log: string[] = [];
  let kills = 0;
  for (let attempt = 0; attempt < 7; attempt++) {
    const { child, done } = start(tinyTrain(folder, ...options, '--resume'));
    // Anywhere from loading the program to writing the report.
    const wait = Math.random() * duration;
    await Promise.race([done, sleep(wait)]);
    child.kill('SIGKILL');
    const end = await done;
    if (end.signal === 'SIGKILL') kills++;
    log.push(
      `killed after ${Math.round(wait)} ms: ${end.signal ?? end.code} ${end.stderr.split('\n').slice(0, 3).join(' | ')}`,
    );
    if (end.signal === null) expect(end.code, end.stderr).toBe(0);
  }
  const last = await run(tinyTrain(folder, ...options, '--resume'));
  expect(last.code, last.stderr).toBe(0);
  expect(kills).toBeGreaterThan(0);
  for (const name of results) {
    const same = readFileSync(join(folder, name)).equals(readFileSync(join(whole, name)));
    expect(same, `${name} differs; ${log.join('\n')}`).toBe(true);
  }
  expect(readdirSync(folder).filter((name) => name.endsWith('.tmp'))).toEqual([]);
}

describe.skipIf(!built)('Ctrl-C', () => {
  test('saves, exits 130, and the run goes on to the same bytes', async () => {
    const options = ['--engine', 'wasm', '--epochs', '8'];
    const whole = temporaryFolder();
    await run(tinyTrain(whole, ...options));
    const folder = temporaryFolder();
    const running = start(tinyTrain(folder, ...options, '--checkpoint-every', '100000'));
    await running.said('epoch 2/8');
    running.child.kill('SIGINT');
    const end = await running.done;
    expect(end.code).toBe(130);
    expect(end.stderr).toContain(`Stopped; go on with: pleat train --resume --out ${folder}`);
    expect(existsSync(join(folder, 'summary.json'))).toBe(false);
    const resumed = await run(['train', '--resume', '--out', folder]);
    expect(resumed.code, resumed.stderr).toBe(0);
    expect(resumed.stderr).toContain('Resuming at step');
    for (const name of results) {
      expect(readFileSync(join(folder, name)).equals(readFileSync(join(whole, name))), name).toBe(
        true,
      );
    }
  });
});
