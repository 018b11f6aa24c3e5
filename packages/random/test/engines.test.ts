import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createCompiledEngine } from '../src/compiled.ts';
import { kernelBase64 } from '../src/generated/kernel.ts';
import { createPortableEngine } from '../src/portable.ts';

const capacity = 4096;
const portable = createPortableEngine(capacity);
const compiled = createCompiledEngine(capacity)!;
const both = [portable, compiled];

function expectSameBits(): void {
  expect(
    Buffer.compare(
      Buffer.from(portable.words.slice().buffer),
      Buffer.from(compiled.words.slice().buffer),
    ),
  ).toBe(0);
}

function load(words: ArrayLike<number>): void {
  for (const { words: memory } of both) memory.set(words);
}

test('this platform runs the compiled kernel, and browsers compile it at once', () => {
  expect(compiled).not.toBeNull();
  // Browsers of 2023 and older refuse larger modules on their main thread.
  expect(atob(kernelBase64).length).toBeLessThan(4096);
});

test('both engines draw the same words, across a carry into the upper half of the counter, too', () => {
  const word = fc.integer({ min: 0, max: 0xffffffff });
  const block = fc.oneof(
    fc.maxSafeInteger().map(Math.abs),
    fc.integer({ min: 0, max: 2000 }).map((back) => 2 ** 32 - back),
  );
  fc.assert(
    fc.property(word, word, block, (k0, k1, first) => {
      for (const engine of both) engine.draw([k0, k1], first % (2 ** 53 - 4096), capacity / 4);
      expectSameBits();
    }),
    { numRuns: 50 },
  );
});

const float = fc.float({ noNaN: true, noDefaultInfinity: true });

test('both engines make the same uniforms of any word, scale, shift and cap', () => {
  fc.assert(
    fc.property(
      fc.array(fc.nat(0xffffffff), { minLength: 64, maxLength: 64 }),
      float,
      float,
      float,
      (words, scale, low, top) => {
        load(words);
        for (const engine of both) engine.uniform(64, scale, low, top);
        expectSameBits();
      },
    ),
  );
});

test('both engines make the same normals of words from the centre to the last tail', () => {
  const special = [0, 1, 2, 0x7fffffff, 0x7ffffffe, 0x80000000, 0x80000001, 0xffffffff, 0xfffffffe];
  const nearTail = fc
    .integer({ min: 0, max: 31 })
    .chain((shift) =>
      fc
        .tuple(fc.nat(2 ** shift), fc.boolean())
        .map(([rest, negative]) => (negative ? 0x80000000 + rest : 0x7fffffff - rest)),
    );
  const word = fc.oneof(fc.nat(0xffffffff), nearTail, fc.constantFrom(...special));
  fc.assert(
    fc.property(
      fc.array(word, { minLength: 4096, maxLength: 4096, size: 'max' }),
      float,
      float,
      (words, std, mean) => {
        load(words);
        for (const engine of both) engine.normal(4096, std, mean);
        expectSameBits();
      },
    ),
    { numRuns: 20 },
  );
});

test('both engines agree on four million consecutive normals', () => {
  for (let first = 0; first < 2 ** 20; first += 1024) {
    for (const engine of both) {
      engine.draw([1, 2], first, 1024);
      engine.normal(capacity, 1, 0);
    }
    if (
      Buffer.compare(
        Buffer.from(portable.words.buffer),
        Buffer.from(compiled.words.buffer, 0, capacity * 4),
      )
    )
      expectSameBits();
  }
});

test('both engines make the same signs', () => {
  fc.assert(
    fc.property(
      fc.array(fc.nat(0xffffffff), { minLength: 128, maxLength: 128 }),
      float,
      (words, magnitude) => {
        load(words);
        for (const engine of both) engine.sign(128, magnitude);
        expectSameBits();
      },
    ),
  );
});
