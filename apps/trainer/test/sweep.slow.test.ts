import { existsSync, readdirSync, readFileSync, readlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { latest, parseResults } from '../src/sweep/results.ts';
import { built, run, start } from './cli-fixture.ts';
import { temporaryFolder } from './run-fixture.ts';

const sleep = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

const sweep = `
base: { dim: 8, depth: 1, patchSize: 7, kernelSize: 3, limit: 160, validation: 50, batch: 32, epochs: 2,
  engine: cpu, checkpointEvery: 3, workers: 0 }
grid: { learner: [signed, supermask], seed: [0, 1] }
include: [{ method: dense, learningRate: 1.0e+9 }]
`;

/** What a results file holds: raw lines, and figures by run. */
function read(cwd: string) {
  const path = join(cwd, 'sweeps/s/results.jsonl');
  const rows = parseResults(readFileSync(path, 'utf8'), path);
  const figures = [...latest(rows).values()].map(({ id, status, result }) => [
    id,
    status,
    result && [result.test, result.validation, result.fileBytes, result.imagesSeen],
  ]);
  return { rows, figures: figures.sort() };
}

/** Processes whose command line names the folder. */
function processesOf(folder: string): string[] {
  return readdirSync('/proc').filter((pid) => {
    try {
      return /^\d+$/.test(pid) && readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes(folder);
    } catch {
      return false;
    }
  });
}

/** The folder a process works in; none of one that is gone. */
function folderOf(pid: string): string | null {
  try {
    return readlinkSync(`/proc/${pid}/cwd`);
  } catch {
    return null;
  }
}

// Processes are looked up in /proc.
describe.skipIf(!built || process.platform !== 'linux')('a sweep', () => {
  test('killed at any moment goes on: every run is counted once, with the figures of a sweep left alone', async () => {
    const whole = temporaryFolder();
    writeFileSync(join(whole, 's.yaml'), sweep);
    const began = performance.now();
    const finished = await run(['sweep', 's.yaml', '--jobs', '2', '--json'], whole);
    const duration = performance.now() - began;
    expect(finished.code, finished.stderr).toBe(0);
    expect(JSON.parse(finished.stdout)).toMatchObject({ runs: 5, finished: 4, failed: 1 });
    expect(read(whole).rows.find(({ status }) => status === 'failed')?.error).toContain(
      'The loss became',
    );

    const cwd = temporaryFolder();
    const out = join(cwd, 'sweeps/s');
    writeFileSync(join(cwd, 's.yaml'), sweep);
    let kills = 0;
    const counted: number[] = [];
    for (let attempt = 0; attempt < 6; attempt++) {
      const { child, done } = start(['sweep', 's.yaml', '--jobs', '2', '--out', out], cwd);
      await Promise.race([done, sleep(Math.random() * duration * 0.7)]);
      child.kill('SIGKILL');
      if ((await done).signal === 'SIGKILL') kills++;
      try {
        counted.push(read(cwd).rows.length);
      } catch {
        counted.push(0);
      }
    }
    expect(kills).toBeGreaterThan(0);
    // Once counted, always counted; a row is written once.
    expect(counted).toEqual([...counted].sort((a, b) => a - b));
    const last = await run(['sweep', 's.yaml', '--jobs', '2', '--out', out], cwd);
    expect(last.code, last.stderr).toBe(0);
    const { rows, figures } = read(cwd);
    expect(rows).toHaveLength(5);
    expect(figures).toEqual(read(whole).figures);

    const again = await run(['sweep', 's.yaml', '--jobs', '2', '--out', out], cwd);
    expect(again.stderr).toContain('5 runs, 5 of them done');
    expect(read(cwd).rows).toHaveLength(5);
    await sleep(1000);
    expect(processesOf(out)).toEqual([]);
  });

  test('goes on with a run whose process was killed; Ctrl-C saves all, exits 130 and resumes', async () => {
    const cwd = temporaryFolder();
    writeFileSync(
      join(cwd, 's.yaml'),
      sweep.replace('epochs: 2', 'epochs: 24').replace(/include.*/, ''),
    );
    const first = start(['sweep', 's.yaml', '--jobs', '2'], cwd);
    const runs = join(cwd, 'sweeps/s/runs');
    const busy = async () => {
      for (;;) {
        const found = processesOf('sweeps/s/runs/').filter((pid) => folderOf(pid) === cwd);
        const epochs = readdirSync(runs).filter((id) =>
          existsSync(join(runs, id, 'checkpoint.bin')),
        );
        if (found.length === 2 && epochs.length === 2) return found.map(Number);
        await sleep(50);
      }
    };
    while (!existsSync(runs)) await sleep(50);
    const [victim] = await busy();
    process.kill(victim!, 'SIGKILL');
    await sleep(3000);
    first.child.kill('SIGINT');
    const end = await first.done;
    expect(end.code, end.stderr).toBe(130);
    expect(end.stderr).toContain('Stopped; go on with: pleat sweep s.yaml');
    const held = start(['sweep', 's.yaml', '--jobs', '2'], cwd);
    await held.said('4 runs');
    const second = await run(['sweep', 's.yaml'], cwd);
    expect(second.code).toBe(1);
    expect(second.stderr).toContain('works on this sweep already');
    expect((await held.done).code).toBe(0);
    const { rows } = read(cwd);
    expect(rows.map(({ status }) => status)).toEqual(Array(4).fill('finished'));
  });

  test('stops when its minutes are over, with whole rows and a report, and goes on', async () => {
    const cwd = temporaryFolder();
    const text = sweep.replace(/include.*/, '').replace('epochs: 2', 'epochs: 12');
    writeFileSync(join(cwd, 's.yaml'), text.replace('learner: [signed, supermask], ', ''));
    const first = await run(['sweep', 's.yaml', '--jobs', '1', '--json'], cwd);
    expect(first.code, first.stderr).toBe(0);
    const { seconds } = read(cwd).rows[0]!.result!;
    writeFileSync(join(cwd, 's.yaml'), text);
    // Half of what one run took: not both that are left can end in it, even where the first was slowed by others.
    const minutes = String(seconds / 60 / 2);
    const timed = await run(
      ['sweep', 's.yaml', '--jobs', '1', '--minutes', minutes, '--json'],
      cwd,
    );
    expect(timed.code, timed.stderr).toBe(0);
    const { finished, left } = JSON.parse(timed.stdout);
    expect(finished + left).toBe(4);
    expect(left).toBeGreaterThan(0);
    const partial = await run(['report', 's.yaml', '--json'], cwd);
    expect(JSON.parse(partial.stdout)).toMatchObject({ runs: finished });
    const rest = await run(['sweep', 's.yaml', '--json'], cwd);
    expect(JSON.parse(rest.stdout)).toMatchObject({ runs: 4, finished: 4, left: 0 });
  });

  test('done task by task, is gathered with the figures of a sweep', async () => {
    const cwd = temporaryFolder();
    writeFileSync(join(cwd, 's.yaml'), sweep.replace('[signed, supermask]', 'signed'));
    const beyond = await run(['sweep', 's.yaml', '--task', '3'], cwd);
    expect(beyond.code).toBe(2);
    expect(beyond.stderr).toContain('--task must be 0 to 2, found 3.');
    for (const task of ['2', '0']) {
      const end = await run(['sweep', 's.yaml', '--task', task], cwd);
      expect(end.code, end.stderr).toBe(0);
    }
    const gathered = await run(['sweep', 's.yaml', '--collect', '--json'], cwd);
    expect(JSON.parse(gathered.stdout)).toMatchObject({ runs: 3, finished: 1, failed: 1 });
    const rest = await run(['sweep', 's.yaml'], cwd);
    expect(rest.stderr).toContain('3 runs, 2 of them done');
    expect(read(cwd).rows.map(({ status }) => status)).toEqual(['finished', 'failed', 'finished']);
  });
});
