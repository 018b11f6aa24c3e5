import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import { latest, parseResults } from '../src/sweep/results.ts';
import { built, type Running, run, start } from './cli-fixture.ts';
import { hasRedis, type Redis, startRedis } from './redis-fixture.ts';
import { temporaryFolder } from './run-fixture.ts';

const sleep = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

const sweep = (epochs: number) => `
base: { dim: 8, depth: 1, patchSize: 7, kernelSize: 3, limit: 160, validation: 50, batch: 32,
  epochs: ${epochs}, engine: cpu, checkpointEvery: 3, workers: 0 }
grid: { learner: supermask, seed: [0, 1] }
include: [{ method: dense, learningRate: 1.0e+9 }]
`;

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

/** Figures of the same sweep without a queue: what every way of running it must give. */
async function expected(epochs: number) {
  const cwd = temporaryFolder();
  writeFileSync(join(cwd, 's.yaml'), sweep(epochs));
  const end = await run(['sweep', 's.yaml', '--jobs', '1'], cwd);
  expect(end.code, end.stderr).toBe(0);
  return read(cwd).figures;
}

/** Waits until the worker has a run that wrote a checkpoint and is not finished. */
async function midRun(out: string): Promise<void> {
  for (;;) {
    const runs = existsSync(join(out, 'runs')) ? readdirSync(join(out, 'runs')) : [];
    const has = (id: string, name: string) => existsSync(join(out, 'runs', id, name));
    if (runs.some((id) => has(id, 'checkpoint.bin') && !has(id, 'summary.json'))) return;
    await sleep(20);
  }
}

let redis: Redis | undefined;
const running: Running[] = [];

function startWorker(cwd: string, out: string): Running {
  const args = ['work', '--queue', redis!.url, '--jobs', '1', '--patience', '2', '--out', out];
  const worker = start(args, cwd);
  running.push(worker);
  return worker;
}

function startSweep(cwd: string): Running {
  const submitted = start(['sweep', 's.yaml', '--queue', redis!.url], cwd);
  running.push(submitted);
  return submitted;
}

afterEach(async () => {
  for (const { child, done } of running.splice(0)) {
    child.kill('SIGCONT');
    child.kill('SIGKILL');
    await done;
  }
  await redis?.stop();
  redis = undefined;
});

describe.skipIf(!built || !hasRedis)(
  'a sweep through a real Redis server (redis-server; skipped without it)',
  () => {
    test('counts every run once though a worker is killed, the server restarts, and the sweep itself is killed', async () => {
      const epochs = 8;
      const wanted = await expected(epochs);
      redis = await startRedis();
      const cwd = temporaryFolder();
      writeFileSync(join(cwd, 's.yaml'), sweep(epochs));
      const first = startSweep(cwd);
      const victim = startWorker(cwd, join(cwd, 'a'));
      await midRun(join(cwd, 'a'));
      victim.child.kill('SIGKILL');
      await victim.done;
      startWorker(cwd, join(cwd, 'b'));
      await midRun(join(cwd, 'b'));
      await redis.restart({ keep: true, downMs: 1000 });
      await sleep(2000);
      first.child.kill('SIGKILL');
      await first.done;
      // Forgets all jobs: the sweep asks for them anew, the worker answers from its folder what it had finished.
      await redis.restart({ keep: false, downMs: 500 });
      const second = startSweep(cwd);
      const end = await second.done;
      expect(end.code, end.stderr).toBe(0);
      const { rows, figures } = read(cwd);
      expect(rows).toHaveLength(3);
      expect(figures).toEqual(wanted);
      const again = await startSweep(cwd).done;
      expect(again.stderr).toContain('3 runs, 3 of them done');
      expect(read(cwd).rows).toHaveLength(3);
    });

    test('counts a run once that was delivered twice and answered twice', async () => {
      const epochs = 8;
      redis = await startRedis();
      const cwd = temporaryFolder();
      const one = sweep(epochs)
        .replace(/include.*/, '')
        .replace('seed: [0, 1]', 'seed: 0');
      writeFileSync(join(cwd, 's.yaml'), one);
      const submitted = startSweep(cwd);
      const slow = startWorker(cwd, join(cwd, 'a'));
      await midRun(join(cwd, 'a'));
      // Says nothing for longer than its patience, while its run goes on in a process of its own.
      slow.child.kill('SIGSTOP');
      startWorker(cwd, join(cwd, 'b'));
      const end = await submitted.done;
      expect(end.code, end.stderr).toBe(0);
      slow.child.kill('SIGCONT');
      const [id] = readdirSync(join(cwd, 'a/runs'));
      while (!existsSync(join(cwd, 'a/runs', id!, 'summary.json'))) await sleep(50);
      await sleep(2000);
      expect(readdirSync(join(cwd, 'b/runs'))).toEqual([id]);
      const model = (worker: string) => readFileSync(join(cwd, worker, 'runs', id!, 'model.pleat'));
      expect(model('a').equals(model('b'))).toBe(true);
      const again = await startSweep(cwd).done;
      expect(again.stderr).toContain('1 runs, 1 of them done');
      expect(read(cwd).rows).toHaveLength(1);
    });

    test('a worker stopped with Ctrl-C gives its run back, and another takes it', async () => {
      redis = await startRedis();
      const cwd = temporaryFolder();
      writeFileSync(join(cwd, 's.yaml'), sweep(8));
      const submitted = startSweep(cwd);
      const first = startWorker(cwd, join(cwd, 'a'));
      await midRun(join(cwd, 'a'));
      const beside = await run(['work', '--queue', redis.url, '--out', join(cwd, 'a')], cwd);
      expect(beside.code).toBe(1);
      expect(beside.stderr).toContain('works on this');
      first.child.kill('SIGINT');
      const end = await first.done;
      expect(end.code, end.stderr).toBe(130);
      expect(end.stderr).toContain('back in the queue');
      startWorker(cwd, join(cwd, 'b'));
      expect((await submitted.done).code).toBe(0);
      expect(read(cwd).rows).toHaveLength(3);
    });
  },
);

describe.skipIf(!built)('a queue that cannot be used', () => {
  test.each([
    ['http://x', '--queue takes a URL such as redis://host:6379, found "http://x".', 2],
    ['redis://127.0.0.1:1', 'The Redis server at redis://127.0.0.1:1 cannot be used', 1],
  ])('%s is one sentence', async (url, message, status) => {
    const cwd = temporaryFolder();
    writeFileSync(join(cwd, 's.yaml'), sweep(1));
    for (const args of [
      ['sweep', 's.yaml', '--queue', url],
      ['work', '--queue', url],
    ]) {
      const { code, stderr } = await run(args, cwd);
      expect(stderr).toContain(message);
      expect(stderr.trim().split('\n')).toHaveLength(1);
      expect(code).toBe(status);
    }
  });
});
