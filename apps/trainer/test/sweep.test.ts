import { appendFileSync, readFileSync, writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { combinations, expandSweep } from '../src/sweep/expand.ts';
import { parseSweep } from '../src/sweep/file.ts';
import { machineShare } from '../src/sweep/local.ts';
import { isRunning, takeLock } from '../src/sweep/lock.ts';
import { openResults, parseResults } from '../src/sweep/results.ts';
import type { ResultRow } from '../src/sweep/row.ts';
import { temporaryFolder } from './run-fixture.ts';

const expand = (text: string) => expandSweep(parseSweep(text, 'a.yaml'), 'a.yaml');

describe('a sweep file', () => {
  test('is every combination of its lists, mappings set together', () => {
    expect(
      combinations({ net: [{ model: 'vit' }, { model: 'convmixer', dim: 8 }], seed: [0, 1] }),
    ).toEqual([
      { model: 'vit', seed: 0 },
      { model: 'vit', seed: 1 },
      { model: 'convmixer', dim: 8, seed: 0 },
      { model: 'convmixer', dim: 8, seed: 1 },
    ]);
  });

  test('runs once what an option without a meaning would repeat', () => {
    const runs = expand('grid: { strategy: [full, random-vector], ratio: [0.1, 0.01, 0.001] }');
    expect(runs.map(({ config }) => [config.strategy, config.ratio])).toEqual([
      ['full', undefined],
      ['random-vector', 0.1],
      ['random-vector', 0.01],
      ['random-vector', 0.001],
    ]);
    expect(runs.map(({ label }) => label)).toEqual([
      'full',
      'random-vector, ratio 0.1',
      'random-vector, ratio 0.01',
      'random-vector, ratio 0.001',
    ]);
  });

  test('adds what include lists and leaves out what exclude matches', () => {
    const runs = expand(`
base: { epochs: 3 }
grid: { learner: [signed, edge-popup], seed: [0, 1] }
exclude: [{ learner: edge-popup, seed: [1, 2] }]
include: [{ method: dense, seed: [0, 1], label: dense }]`);
    expect(runs.map(({ label, config }) => [label, config.seed, config.epochs])).toEqual([
      ['signed', 0, 3],
      ['signed', 1, 3],
      ['edge-popup', 0, 3],
      ['dense', 0, 3],
      ['dense', 1, 3],
    ]);
  });

  test('keeps a list of augmentation steps together', () => {
    const runs = expand(
      'grid: { augmentation: [{ name: flip }, { name: random-crop, padding: 2 }] }',
    );
    expect(runs).toHaveLength(1);
    expect(runs[0]!.config.augmentation).toEqual([
      { name: 'flip' },
      { name: 'random-crop', padding: 2 },
    ]);
  });

  test('gives a run the same id whatever else is in the sweep, and where it runs', () => {
    const id = (text: string) => expand(text).map((run) => run.id);
    const [one] = id('grid: { learner: signed }');
    expect(id('grid: { learner: [edge-popup, signed] }')[1]).toBe(one);
    expect(id('base: { data: /elsewhere, threads: 7 }\ngrid: { learner: signed }')[0]).toBe(one);
    expect(id('base: { epochs: 11 }\ngrid: { learner: signed }')[0]).not.toBe(one);
  });

  test.each([
    ['grid: { epocs: 3 }', 'Unknown option "epocs" in a.yaml; did you mean "epochs"?'],
    ['grid: { epochs: [1, x] }', '--epochs: expected number, found "x".'],
    ['gird: { epochs: 3 }', 'a.yaml has an unknown part "gird"; did you mean "grid"?.'],
    ['base: { epochs: 3 }', 'a.yaml asks for no run; give it a grid, or runs under include.'],
    ['- a', 'a.yaml must hold a sweep: base, grid and include by name.'],
    ['grid: [1]', 'a.yaml: grid must be lists of values by option, such as "seed: [0, 1, 2]".'],
    ['grid: {', 'a.yaml is not YAML: '],
    [
      'grid: { seed: 0 }\nexclude: [{ seed: 1 }]',
      'nothing in the grid agrees with the exclusion {"seed":1}',
    ],
    ['grid: { seed: 0 }\nexclude: [{ seed: 0 }]', 'the exclusions leave no run'],
    ['grid: { keep: [0.1, 0.2] }', '"keep" means nothing in any run'],
    ['grid: { out: [a, b] }', 'runs of a sweep have no "out" of their own'],
  ])('%j is refused with one sentence', (text, message) => {
    expect(() => expand(text)).toThrow(message.replace('?.', '?'));
  });
});

const row = (id: string, status: ResultRow['status']): ResultRow => ({
  sweep: 's',
  id,
  label: 'l',
  config: {},
  status,
  attempts: 1,
  finishedAt: '',
});

describe('a results file', () => {
  test('keeps one row a run: a finished one over a failed one, and the first of two finished', () => {
    const path = join(temporaryFolder(), 'r.jsonl');
    const file = openResults(path);
    file.add(row('a', 'failed'));
    file.add(row('b', 'finished'));
    file.add({ ...row('a', 'finished'), attempts: 2 });
    file.add({ ...row('a', 'finished'), attempts: 3 });
    file.add(row('a', 'failed'));
    file.close();
    const again = openResults(path);
    expect(
      [...again.rows.values()].map(({ id, status, attempts }) => [id, status, attempts]),
    ).toEqual([
      ['a', 'finished', 2],
      ['b', 'finished', 1],
    ]);
    again.close();
    expect(readFileSync(path, 'utf8').split('\n')).toHaveLength(4);
  });

  test('cut off anywhere, counts no half row, and goes on with whole ones', () => {
    const path = join(temporaryFolder(), 'r.jsonl');
    const whole = `${JSON.stringify(row('a', 'finished'))}\n${JSON.stringify(row('ü', 'finished'))}\n`;
    const bytes = Buffer.from(whole);
    const first = whole.indexOf('\n') + 1;
    for (let length = 0; length <= bytes.length; length++) {
      writeFileSync(path, bytes.subarray(0, length));
      const file = openResults(path);
      expect(file.rows.size).toBe(length < first ? 0 : length < bytes.length ? 1 : 2);
      file.add(row('c', 'finished'));
      file.close();
      const ids = parseResults(readFileSync(path, 'utf8'), path).map(({ id }) => id);
      expect(ids).toContain('c');
      expect(ids).toHaveLength(length < first ? 1 : length < bytes.length ? 2 : 3);
    }
  });

  test('names the line that is no result', () => {
    const path = join(temporaryFolder(), 'r.jsonl');
    appendFileSync(path, `${JSON.stringify(row('a', 'finished'))}\n{}\n`);
    expect(() => openResults(path)).toThrow(`${path}: line 2 is no result`);
  });
});

describe('the lock of a sweep', () => {
  // The words every process on this machine that runs these tests has in its command line.
  const words = 'node';

  test('is refused while its process runs, and taken over from one that has ended', () => {
    const path = join(temporaryFolder(), 'lock');
    const release = takeLock(path, words);
    const held = readFileSync(path, 'utf8');
    writeFileSync(path, held.replace(`${process.pid}`, `${process.ppid}`));
    expect(isRunning(process.ppid, words)).toBe(true);
    expect(() => takeLock(path, words)).toThrow(
      `Process ${process.ppid} works on this sweep already`,
    );
    // No process has this number.
    writeFileSync(path, held.replace(`${process.pid}`, '99999999'));
    takeLock(path, words)();
    writeFileSync(path, held.replace(/"host":"[^"]*"/, '"host":"elsewhere"'));
    expect(() => takeLock(path, words)).toThrow(
      `on elsewhere works on this sweep; wait for it, or remove ${path}`,
    );
    release();
  });
});

test('several processes of a machine share its threads, and are not bound to the same cores', () => {
  const cores = availableParallelism();
  expect(machineShare(1, undefined)).toEqual({ threads: cores, environment: {} });
  expect(machineShare(2, 'images')).toEqual({
    threads: Math.max(1, Math.floor(cores / 2)),
    environment: { OMP_PROC_BIND: 'false' },
    data: 'images',
  });
});
