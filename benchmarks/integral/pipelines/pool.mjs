// Does units of work several at a time, each in a process that is started once, and writes what each gives as soon as it is there.
import { fork } from 'node:child_process';
import { existsSync, mkdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import * as tf from '@tensorflow/tfjs';
import { loadImages } from './data.mjs';
import { startEngine } from './engine.mjs';
import { writeWhole } from './store.mjs';

const fileOf = (out, id) => join(out, `${id}.json`);

/** A process that takes units from its parent, one after the other; `work(unit, context)` gives a row. */
export async function serve(work, settings) {
  let stop = false;
  const images = await loadImages({ ...settings, limit: settings.images });
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

const now = () => performance.now() / 1000;
const say = (text) => console.log(`${Math.round(now())} s: ${text}`);

/** The units that are left, in their order, and which of them may begin. */
function queueOf(units, out) {
  const isDone = (id) => existsSync(fileOf(out, id));
  const waiting = units.filter(({ id }) => !isDone(id));
  const ready = () => waiting.findIndex(({ needs = [] }) => needs.every(isDone));
  return {
    waiting,
    isReady: () => ready() >= 0,
    take: () => waiting.splice(ready(), 1)[0],
    done: () => units.filter(({ id }) => isDone(id)).length,
    total: units.length,
  };
}

/**
 * Hands out the units of one stage after the other until all are done or the time is over; what is done already is not done again.
 *
 * @param script file to start processes with, which call `serve` when `--worker` is given
 * @param stages functions that give `{ id, needs }`, most important first, of the rows of the stage before
 * @param settings out, jobs (processes), limit (seconds)
 * @param describe a row in words
 */
export async function hand(script, stages, settings, describe) {
  mkdirSync(settings.out, { recursive: true });
  const later = [...stages];
  const running = new Map();
  const idle = new Set();
  const alive = new Set();
  // Bound to cores, as benchmarks of one process are, all of these would share the first one.
  const env = settings.jobs > 1 ? { ...process.env, OMP_PROC_BIND: 'false' } : process.env;
  let [seen, failures, over, rows] = [0, 0, false, []];
  let queue;
  const advance = () => {
    queue = queueOf(later.shift()(rows), settings.out);
    for (const { id } of queue.waiting)
      mkdirSync(dirname(fileOf(settings.out, id)), { recursive: true });
    rows = [];
    say(`${queue.waiting.length} of ${queue.total} to do`);
  };
  advance();
  while (queue.waiting.length === 0 && later.length > 0) advance();

  const { promise, finish } = once();
  const give = () => {
    const spent = running.size === 0 && !queue.isReady();
    if (spent && later.length > 0 && !over) advance();
    for (const child of idle) {
      if (over || !queue.isReady()) break;
      const unit = queue.take();
      idle.delete(child);
      running.set(child, unit);
      child.send({ unit });
    }
    if (
      running.size === 0 &&
      (over || !queue.isReady()) &&
      (over || idle.size > 0 || alive.size === 0)
    )
      finish();
  };
  const fail = (child, why) => {
    failures++;
    say(`${running.get(child)?.id ?? 'a process'} failed: ${why}`);
  };
  const begin = () => {
    const child = fork(script, [...process.argv.slice(2), '--worker'], { env });
    alive.add(child);
    child.on('message', ({ ready, images, row, failed }) => {
      if (images) {
        seen += images;
        return;
      }
      if (ready) say(`a process is ready: ${ready}`);
      if (row) {
        rows.push(row);
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
    if (now() > settings.limit + 15) for (const child of alive) child.kill('SIGKILL');
  }, 5000);
  for (let i = 0; i < settings.jobs && queue.waiting.length > 0; i++) begin();
  if (queue.waiting.length > 0) await promise;
  clearInterval(clock);
  for (const child of alive) {
    if (child.connected) child.disconnect();
    // One that is still loading its engine does not listen.
    if (!idle.has(child)) child.kill();
  }
  say(`done: ${queue.done()} of ${queue.total}`);
  if (failures > 0) process.exitCode = 1;
}

function once() {
  let finish;
  const promise = new Promise((resolve) => {
    finish = resolve;
  });
  return { promise, finish };
}
