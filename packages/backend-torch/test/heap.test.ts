import { expect, test } from 'vitest';
import { Heap } from '../src/heap.ts';

/** A process whose memory is `used`, and what a torn heap holds beside it. */
function process(used: number, torn: number) {
  const state = { used, torn, trims: 0, trimmedAt: [] as number[], tensors: 0 };
  const calls = {
    resident: () => state.used + state.torn,
    trim: () => {
      state.trims++;
      state.trimmedAt.push(state.tensors);
      state.torn = 0;
    },
  };
  const heap = new Heap(calls);
  /** A training whose tensors rise to `peak` bytes and fall again, 128 tensors a step. */
  const train = (steps: number, peak = 100) => {
    for (let tensor = 0; tensor < 128 * steps; tensor++) {
      state.tensors = peak * (1 - Math.abs((tensor % 128) / 64 - 1));
      heap.grew(state.tensors);
    }
  };
  return { state, train };
}

/** Times that pages go back while a work begins: after 1, 2, 4, 8 and 16 looks of four steps. */
const beginning = 5;

test('free pages go back a few times while a work begins', () => {
  const { state, train } = process(200, 100);
  train(4 * 3);
  expect(state.trims).toBe(2);
  train(100);
  expect(state.trims).toBe(beginning);
});

test('a heap is left alone while it takes about what it took at first', () => {
  const { state, train } = process(200, 100);
  train(100);
  state.torn = 3;
  train(1000);
  expect(state.trims).toBe(beginning);
});

test('free pages go back when there are more than at first, and again when there are again', () => {
  const { state, train } = process(200, 100);
  train(100);
  for (let turn = 1; turn <= 3; turn++) {
    state.torn += 10;
    train(100);
    expect(state.trims).toBe(beginning + turn);
  }
});

test('free pages go back while tensors take most', () => {
  const { state, train } = process(200, 100);
  train(100);
  for (const torn of [120, 40, 60]) {
    state.torn = torn;
    train(100);
  }
  expect(state.trims).toBe(beginning + 3);
  for (const tensors of state.trimmedAt) expect(tensors).toBeGreaterThan(95);
});

test('work that no longer takes so much gets them back nevertheless', () => {
  const { state, train } = process(200, 100);
  train(100);
  state.torn = 20;
  train(1);
  expect(state.trims).toBe(beginning);
  train(100, 10);
  expect(state.trims).toBe(beginning + 1);
});

test('what is in use is not asked for again and again', () => {
  const { state, train } = process(200, 0);
  train(100);
  state.used = 1000;
  train(100);
  expect(state.trims).toBe(beginning + 1);
  state.used = 1015;
  train(1000);
  expect(state.trims).toBe(beginning + 1);
  state.used = 1050;
  train(1000);
  expect(state.trims).toBe(beginning + 2);
});

test('many more tensors than ever are a new work, some more are not', () => {
  const { state, train } = process(200, 0);
  train(100);
  for (let peak = 100; peak < 110; peak++) train(100, peak);
  expect(state.trims).toBe(beginning);
  state.used = 400;
  train(100, 300);
  expect(state.trims).toBe(2 * beginning);
});

test('the level does not follow what grows back right after pages went back', () => {
  const { state, train } = process(200, 0);
  train(100);
  for (let turn = 1; turn <= 3; turn++) {
    state.torn = 8;
    train(8);
    expect(state.trims).toBe(beginning + turn);
    // Less than would be given back, while the level is measured.
    state.torn = 3;
    train(8);
    expect(state.trims).toBe(beginning + turn);
  }
});
