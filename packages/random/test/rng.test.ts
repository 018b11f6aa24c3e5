import { expect, test } from 'vitest';
import { fillBits, fillNormal, permutation, rng, stream } from '../src/index.ts';
import { chiSquareDeviations } from './reference.ts';

const s = stream(5, 'sequence');

test('words come in the order of the stream, from any position', () => {
  const words = fillBits(s, new Uint32Array(300));
  for (const position of [0, 1, 63, 64, 65, 200]) {
    const r = rng(s, position);
    for (let i = position; i < 300; i++) expect(r.uint32()).toBe(words[i]);
    expect(r.position).toBe(300);
  }
});

test('a saved position continues exactly', () => {
  const r = rng(s);
  const draw = (): number[] => [r.uniform(), r.normal(), r.integer(10), r.uint32()];
  for (let i = 0; i < 50; i++) draw();
  const saved = r.position;
  const expected = [draw(), draw()];
  draw();
  r.position = saved;
  expect([draw(), draw()]).toEqual(expected);
  const other = rng(s, saved);
  expect(other.uniform()).toBe(expected[0]![0]);
});

test('normals are those of fillNormal', () => {
  const r = rng(s);
  for (const z of fillNormal(s, new Float32Array(100))) expect(r.normal()).toBe(z);
  expect(rng(s).normal(10, 2)).toBe(10 + 2 * rng(s).normal());
});

test('uniforms use 53 bits of two words', () => {
  const [a, b] = fillBits(s, new Uint32Array(2)) as unknown as [number, number];
  const exact = (BigInt(a >>> 5) << 26n) | BigInt(b >>> 6);
  expect(rng(s).uniform()).toBe(Number(exact) / 2 ** 53);
  const r = rng(s);
  for (let i = 0; i < 10_000; i++) {
    const value = r.uniform(-2, 3);
    expect(value >= -2 && value < 3).toBe(true);
  }
  // A range one float wide has only its lower end.
  expect(rng(s).uniform(1, 1 + 2 ** -52)).toBe(1);
});

test.each([1, 2, 6, 7, 1000])('integers below %i are equally likely', (n) => {
  const counts = new Uint32Array(n);
  const r = rng(stream(n, 'integers'));
  for (let i = 0; i < 100_000; i++) counts[r.integer(n)]!++;
  expect(counts.reduce((sum, count) => sum + count, 0)).toBe(100_000);
  if (n > 1) expect(chiSquareDeviations(counts)).toBeLessThan(4);
});

test('a range of three quarters of all words is not biased, as a plain modulus would be', () => {
  const n = 3 * 2 ** 30;
  const r = rng(stream(1, 'large'));
  const counts = new Uint32Array(3);
  for (let i = 0; i < 100_000; i++) counts[Math.floor(r.integer(n) / 2 ** 30)]!++;
  expect(chiSquareDeviations(counts)).toBeLessThan(4);
  // A quarter of the words is refused, so a third more are drawn.
  expect(Math.abs(r.position - 100_000 * (4 / 3))).toBeLessThan(1500);
  expect(rng(s).integer(2 ** 32)).toBe(rng(s).uint32());
});

test('ranges and positions that mean nothing are refused', () => {
  for (const n of [0, -1, 1.5, 2 ** 32 + 1, Number.NaN]) {
    expect(() => rng(s).integer(n)).toThrow(`it got ${n}`);
  }
  expect(() => rng(s, -1)).toThrow('position');
  expect(() => {
    rng(s).position = 0.5;
  }).toThrow('it got 0.5');
});

test('a permutation has every index once', () => {
  for (const n of [0, 1, 2, 1000, 100_000]) {
    expect(permutation(s, n).sort()).toEqual(Uint32Array.from({ length: n }, (_, i) => i));
  }
  expect(() => permutation(s, -1)).toThrow('it got -1');
  expect(() => permutation(s, 1.5)).toThrow('it got 1.5');
});

test('all 24 permutations of four are equally likely', () => {
  const counts = new Map<string, number>();
  for (let i = 0; i < 24_000; i++) {
    const key = permutation(stream(i, 'order'), 4).join('');
    counts.set(key, (counts.get(key) ?? 0) + 1);
  }
  expect(counts.size).toBe(24);
  expect(chiSquareDeviations([...counts.values()])).toBeLessThan(4);
});
