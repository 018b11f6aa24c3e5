// Does units of work several at a time, each in a process that is started once, and writes what each gives as soon as it is there.
import { fork } from 'node:child_process';
import { appendFileSync, existsSync, mkdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import * as tf from '@tensorflow/tfjs';
import { loadImages } from './data.mjs';
import { engineNames, startEngine } from './engine.mjs';
import { writeWhole } from './store.mjs';

/** Options of every command that works through a pool. */
export const poolOptions = {
  engine: { type: 'string', default: 'torch' },
  precision: { type: 'string', default: 'tf32' },
  threads: { type: 'string', default: '1' },
  data: { type: 'string' },
  out: { type: 'string', default: 'pipelines' },
  jobs: { type: 'string', default: '1' },
  seeds: { type: 'string', default: '0,1,2' },
  only: { type: 'string', default: '' },
  images: { type: 'string' },
  'time-limit': { type: 'string' },
  smoke: { type: 'boolean', default: false },
  worker: { type: 'boolean', default: false },
  list: { type: 'boolean', default: false },
};

/** Their values as numbers and paths. */
export function poolSettings(values) {
  if (!engineNames.includes(values.engine)) {
    console.error(`--engine must be one of ${engineNames.join(', ')}, got '${values.engine}'.`);
    process.exit(2);
  }
  return {
    ...{ engine: values.engine, precision: values.precision, threads: Number(values.threads) },
    ...{ data: values.data, out: resolve(values.out), jobs: Number(values.jobs) },
    images: values.images === undefined ? undefined : Number(values.images),
    limit: Number(values['time-limit'] ?? Number.POSITIVE_INFINITY),
  };
}

const fileOf = (folder, id) => join(folder, `${id}.json`);

/** A process that takes units from its parent, one after the other; `work(unit, context)` gives a row. */
export async function serve(work, settings) {
  let stop = false;
  const images = await loadImages({ data: settings.data, limit: settings.images });
  const engine = await startEngine(settings.engine, settings);
  const context = {
    ...{ ...settings, images, engine },
    onSteps: (count) => process.send({ images: count }),
    stopped: () => stop,
  };
  process.on('message', async ({ unit, stop: asked }) => {
    if (asked) stop = true;
    if (!unit) return;
    try {
      const row = await work(unit, context);
      writeWhole(fileOf(settings.out, unit.id), `${JSON.stringify(row)}\n`);
      process.send({ row });
    } catch (error) {
      process.send({ failed: `${error.stack}` });
    } finally {
      // The next unit makes models of its own.
      tf.disposeVariables();
    }
  });
  process.on('disconnect', () => process.exit());
  process.send({ ready: engine });
}

const now = () => Math.round(performance.now() / 1000);
const say = (text) => console.log(`${now()} s: ${text}`);

/** The units that are left, in their order, and which of them may begin. */
function queueOf(units, folder) {
  const isDone = (id) => existsSync(fileOf(folder, id));
  const waiting = units.filter(({ id }) => !isDone(id));
  const ready = () => waiting.findIndex(({ needs }) => !needs || isDone(needs));
  return {
    waiting,
    isReady: () => ready() >= 0,
    take: () => waiting.splice(ready(), 1)[0],
    done: () => units.filter(({ id }) => isDone(id)).length,
  };
}

/**
 * Hands out units until all are done or the time is over; what is done already is not done again.
 *
 * @param script file to start processes with, which call `serve` when `--worker` is given
 * @param units `{ id, needs }`, most important first
 * @param settings of `poolSettings`
 * @param describe a row in words
 */
export async function hand(script, units, settings, describe) {
  mkdirSync(settings.out, { recursive: true });
  const queue = queueOf(units, settings.out);
  const running = new Map();
  const idle = new Set();
  const alive = new Set();
  let [seen, failures, over] = [0, 0, false];
  say(`${queue.waiting.length} of ${units.length} to do`);
  if (queue.waiting.length === 0) return;

  const { promise, finish } = once();
  const give = () => {
    for (const child of idle) {
      if (over || !queue.isReady()) break;
      const unit = queue.take();
      idle.delete(child);
      running.set(child, unit);
      child.send({ unit });
    }
    const nothing = running.size === 0 && idle.size === alive.size;
    if (nothing && (over || !queue.isReady() || alive.size === 0)) finish();
  };
  const fail = (child, why) => {
    failures++;
    say(`${running.get(child)?.id ?? 'a process'} failed: ${why}`);
  };
  const begin = () => {
    const child = fork(script, [...process.argv.slice(2), '--worker']);
    alive.add(child);
    child.on('message', ({ ready, images, row, failed }) => {
      if (images) {
        seen += images;
        return;
      }
      if (ready && idle.size + running.size === 0) say(ready);
      if (row) {
        appendFileSync(join(settings.out, 'results.jsonl'), `${JSON.stringify(row)}\n`);
        say(describe(row));
      }
      if (failed) fail(child, failed);
      running.delete(child);
      idle.add(child);
      give();
    });
    child.on('exit', (code, signal) => {
      if (running.has(child) || code) fail(child, `it ended with ${signal ?? `code ${code}`}`);
      for (const set of [alive, idle, running]) set.delete(child);
      give();
    });
  };
  const clock = setInterval(() => {
    const rate = seen > 0 ? `, ${seen} images, ${Math.round(seen / now())} images/s in all` : '';
    say(`${running.size} running, ${queue.waiting.length} waiting${rate}`);
    if (now() > settings.limit && !over) {
      over = true;
      for (const child of running.keys()) child.send({ stop: true });
      give();
    }
    if (now() > settings.limit + 20) for (const child of alive) child.kill('SIGKILL');
  }, 5000);
  for (let i = 0; i < Math.min(settings.jobs, queue.waiting.length); i++) begin();
  await promise;
  clearInterval(clock);
  for (const child of alive) if (child.connected) child.disconnect();
  say(`done: ${queue.done()} of ${units.length}`);
  if (failures > 0) process.exitCode = 1;
}

function once() {
  let finish;
  const promise = new Promise((resolvePromise) => {
    finish = resolvePromise;
  });
  return { promise, finish };
}
