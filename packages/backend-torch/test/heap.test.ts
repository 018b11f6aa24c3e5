import { expect, test } from 'vitest';
import { Heap } from '../src/heap.ts';

/** A process whose memory is `used`, and what a torn heap holds beside it. */
function process(used: number, torn: number) {
  const state = { used, torn, trims: 0 };
  const calls = {
    resident: () => state.used + state.torn,
    trim: () => {
      state.trims++;
      state.torn = 0;
    },
  };
  return { state, calls };
}

function make(heap: Heap, count: number, peak: number) {
  for (let i = 0; i < count; i++) heap.grew(peak);
}

test('a heap is left alone while it holds little more than tensors did', () => {
  const { state, calls } = process(200, 0);
  const heap = new Heap(calls);
  state.torn = 299;
  make(heap, 100_000, 100);
  expect(state.trims).toBe(0);
});

test('free pages go back when there are many, and again when there are again', () => {
  const { state, calls } = process(200, 0);
  const heap = new Heap(calls);
  for (let turn = 1; turn <= 3; turn++) {
    state.torn = 301;
    make(heap, 10_000, 100);
    expect(state.trims).toBe(turn);
  }
});

test('what is in use is not asked for again and again', () => {
  const { state, calls } = process(200, 0);
  const heap = new Heap(calls);
  state.used = 1000;
  make(heap, 100_000, 100);
  expect(state.trims).toBe(1);
  state.used = 1251;
  make(heap, 100_000, 100);
  expect(state.trims).toBe(2);
});
