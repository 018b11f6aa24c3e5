import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { Worker } from 'node:worker_threads';
import * as tf from '@tensorflow/tfjs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { registerTorch } from '../src/index.ts';
import { torchFolder } from './found.ts';

interface Answer {
  results: number[];
  threads: number;
  tensors: number;
  refused: string;
}

const script = fileURLToPath(new URL('worker.mjs', import.meta.url));
const isBuilt = existsSync(fileURLToPath(new URL('../dist/index.js', import.meta.url)));

/** Runs the script in a thread; resolves when that has ended without an error. */
function inWorker(seed: number, threads: number): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const worker = new Worker(script, { workerData: { path: torchFolder, threads, seed } });
    let answer: Answer;
    worker.on('message', (message: Answer) => {
      answer = message;
    });
    worker.on('error', reject);
    worker.on('exit', (code) => (code === 0 ? resolve(answer) : reject(new Error(`exit ${code}`))));
  });
}

/** What the script computes, on this thread. */
function here(seed: number): number[] {
  return tf.tidy(() => {
    let x: tf.Tensor = tf.randomUniform([48, 48], -1, 1, 'float32', seed);
    for (let i = 0; i < 60; i++) x = tf.tanh(tf.matMul(x as tf.Tensor2D, x as tf.Tensor2D).div(4));
    return Array.from(x.dataSync());
  });
}

// The script imports the built package: without a build this shows as skipped.
describe.skipIf(torchFolder === undefined || !isBuilt)('worker threads', () => {
  beforeAll(async () => {
    await registerTorch({ path: torchFolder!, threads: 1 });
    await tf.setBackend('torch');
  });
  afterAll(async () => {
    await tf.setBackend('cpu');
  });

  test('two at once give what this thread gives, and end', async () => {
    const [first, second] = await Promise.all([inWorker(1, 1), inWorker(2, 2)]);
    expect(first.results).toEqual(here(1));
    expect(second.results.length).toBe(48 * 48);
    const wanted = here(2);
    const worst = Math.max(...second.results.map((value, i) => Math.abs(value - wanted[i]!)));
    expect(worst).toBeLessThan(1e-5);
    expect([first.threads, second.threads]).toEqual([1, 2]);
    // Nor has a thread changed how many this one takes, or seen its tensors.
    expect((await registerTorch({ path: torchFolder!, threads: 1 })).threads).toBe(1);
    await tf.setBackend('torch');
    expect(first.tensors).toBe(0);
    expect(first.refused).not.toBe('');
  });

  test('one beside this thread, both at work', async () => {
    const running = inWorker(3, 1);
    const mine: number[][] = [];
    let done = false;
    running.finally(() => {
      done = true;
    });
    while (!done) {
      mine.push(here(3));
      await new Promise((resolve) => setTimeout(resolve));
    }
    const { results } = await running;
    expect(mine.length).toBeGreaterThan(1);
    for (const values of mine) expect(values).toEqual(results);
  });
});
