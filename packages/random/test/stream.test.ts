import { expect, test } from 'vitest';
import { stream, substream } from '../src/index.ts';

const bitsOf = ([a, b]: readonly [number, number]): bigint => (BigInt(a) << 32n) | BigInt(b);

test('streams are plain data, rebuilt from seed and name', () => {
  const s = stream(7, 'weights');
  expect(stream(s.seed, s.name)).toEqual(s);
  expect(JSON.parse(JSON.stringify(s))).toEqual(s);
});

test('a substream is the stream of the joined name', () => {
  expect(substream(stream(7, 'epoch'), '3')).toEqual(stream(7, 'epoch/3'));
});

test('two hundred thousand seeds and names have two hundred thousand keys', () => {
  const keys = new Set<bigint>();
  for (let i = 0; i < 100_000; i++) {
    keys.add(bitsOf(stream(i, 'a').key));
    keys.add(bitsOf(stream(0, `layer/${i}`).key));
  }
  expect(keys.size).toBe(200_000);
});

test('texts that only differ in padding, length or the far end have keys of their own', () => {
  const names = [
    '',
    '\0',
    '\0\0',
    'a',
    'a\0',
    'abcdefgh',
    'abcdefgh\0',
    'ü',
    '\ud800',
    '😀',
    'x'.repeat(999),
    'x'.repeat(1000),
  ];
  expect(new Set(names.map((name) => bitsOf(stream(1, name).key))).size).toBe(names.length);
  // Seeds beyond 32 bits count in full.
  expect(stream(2 ** 32, '').key).not.toEqual(stream(0, '').key);
});

test('one more in the seed, or one letter, turns half of the key bits', () => {
  let turned = 0;
  const trials = 2000;
  for (let i = 0; i < trials; i++) {
    const a = i % 2 ? stream(i, 'name') : stream(5, `name ${i}`);
    const b = i % 2 ? stream(i + 1, 'name') : stream(5, `name ${i + 1}`);
    turned += (bitsOf(a.key) ^ bitsOf(b.key)).toString(2).replaceAll('0', '').length;
  }
  // 64 fair coins a trial: four standard errors around one half.
  expect(Math.abs(turned - trials * 32)).toBeLessThan(4 * 4 * Math.sqrt(trials));
});

test('seeds that are no safe integers of 0 or more are refused', () => {
  for (const seed of [-1, 0.5, Number.NaN, Infinity, 2 ** 53]) {
    expect(() => stream(seed, 'a')).toThrow(`it got ${seed}`);
  }
});
