import { keepTopK, TopKMemory, topKMask } from '@pleat/ops';
import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, it } from 'vitest';
import { registerWasm } from '../src/index.ts';
import { numbers } from './random.ts';
import { useWasm } from './setup.ts';

beforeAll(() => useWasm());

/** By a stable sort of the indices: larger |score| first, NaN last. */
function ordered(scores: Float32Array): number[] {
  const key = Float64Array.from(scores, (value) => (Number.isNaN(value) ? -1 : Math.abs(value)));
  return Array.from(scores.keys()).sort((i, j) => key[j]! - key[i]! || i - j);
}

function check(scores: Float32Array, counts: number[], note = ''): void {
  const order = ordered(scores);
  for (const k of counts) {
    const wanted = new Float32Array(scores.length);
    for (const index of order.slice(0, k)) wanted[index] = 1;
    const mask = tf.tidy(() => topKMask(tf.tensor1d(scores), k).dataSync());
    const wrong = mask.findIndex((value, i) => value !== wanted[i]);
    expect(wrong, `${note}, size ${scores.length}, k ${k}: first wrong index`).toBe(-1);
  }
}

/** A memory that always looks where it is told, and tells whether the k-th was there. */
class Fixed extends TopKMemory {
  found = 0;
  readonly #low: number;
  readonly #high: number;

  constructor(low: number, high: number) {
    super();
    this.#low = low;
    this.#high = high;
  }

  override bracket() {
    return { low: this.#low, high: this.#high };
  }

  override remember(rank: number): void {
    this.found = rank;
  }
}

/** Every selection there is, of scores that go on from a memory or not, against sorting. */
function checkRemembered(
  { scores, order }: { scores: Float32Array; order: number[] },
  k: number,
  memories: TopKMemory[],
  note: string,
): void {
  const wanted = new Float32Array(scores.length);
  for (const index of order.slice(0, k)) wanted[index] = 1;
  const values = numbers(3, scores.length);
  memories.forEach((memory, i) => {
    const [mask, kept] = tf.tidy(() => [
      topKMask(tf.tensor1d(scores), k, { memory }).dataSync(),
      keepTopK(tf.tensor1d(values), tf.tensor1d(scores), k, { memory }).dataSync(),
    ]);
    const wrong = wanted.findIndex((one, j) => mask![j] !== one || kept![j] !== one * values[j]!);
    // -0 and 0 are one.
    expect(wrong, `${note}, memory ${i}, size ${scores.length}, k ${k}: first wrong index`).toBe(
      -1,
    );
  });
}

/** k at both ends, the middle and some between. */
const some = (size: number) =>
  [
    ...new Set([
      0,
      1,
      2,
      size >> 4,
      (size >> 1) - 1,
      size >> 1,
      size - (size >> 4),
      size - 1,
      size,
    ]),
  ].filter((k) => k >= 0 && k <= size);

// Small ones around lanes; 4,096 is the least that is sampled, and 64 k and more what it is for.
const small = Array.from({ length: 40 }, (_, i) => i + 1);
const large = [4095, 4096, 4097, 4099, 65_536, 70_001];

const fills: Record<string, (size: number) => Float32Array> = {
  random: (size) => numbers(size, size),
  'all equal': (size) => new Float32Array(size).fill(-0.5),
  'all zero, both signs': (size) => new Float32Array(size).map((_, i) => (i % 3 ? 0 : -0)),
  'all NaN': (size) => new Float32Array(size).fill(Number.NaN),
  'all infinite': (size) => new Float32Array(size).map((_, i) => (i % 2 ? 1 / 0 : -1 / 0)),
  'two values': (size) => numbers(size, size).map((value) => (value > 0.3 ? 2 : -1)),
  'two values that a period hides from a sample': (size) =>
    new Float32Array(size).map((_, i) => (i % 64 === 0 ? 1 : 3)),
  rising: (size) => new Float32Array(size).map((_, i) => i),
  falling: (size) => new Float32Array(size).map((_, i) => -(size - i)),
  'one large among equals': (size) => new Float32Array(size).fill(1).fill(9, size - 1),
  'some NaN': (size) => numbers(size, size).map((value, i) => (i % 7 === 3 ? Number.NaN : value)),
  // Two NaN of other bits: a quiet negative one and one with a payload.
  'NaN of many kinds': (size) => {
    const bits = new Uint32Array(size).map(
      (_, i) => [0xffc00000, 0x7f800001, 0x7fffffff, 0x3f800000][(i * 7) % 4]!,
    );
    return new Float32Array(bits.buffer);
  },
  'infinities, zeros, denormals, NaN': (size) =>
    new Float32Array(size).map(
      (_, i) => [1 / 0, -0, 0, 1e-42, -1 / 0, -1e-45, Number.NaN, 3e38][(i * 5) % 8]!,
    ),
  'of all magnitudes': (size) => numbers(size, size).map((value) => 10 ** (value * 12)),
  'of the lowest bits only': (size) =>
    new Float32Array(
      new Uint32Array(size).map((_, i) => 0x3f800000 + ((i * 2654435761) % 1500)).buffer,
    ),
  'the large ones all in one place': (size) =>
    numbers(size, size).map((value, i) => (i > size * 0.9 ? value * 1000 : value)),
  'the large ones hidden from a sample': (size) =>
    numbers(size, size).map((value, i) => (i % 61 === 5 ? value + 100 : value / 1e6)),
};

describe.each(Object.entries(fills))('PleatTopKMask of scores %s', (name, fill) => {
  it('is what sorting gives at every size around the lanes and every k', () => {
    for (const size of small) {
      check(
        fill(size),
        Array.from({ length: size + 1 }, (_, k) => k),
        name,
      );
    }
  });

  it('is what sorting gives at larger sizes', () => {
    for (const size of large) check(fill(size), some(size), name);
  });
});

describe.each(Object.entries(fills))('with a memory, scores %s', (name, fill) => {
  it('are chosen as by sorting, wherever the memory says to look', () => {
    for (const size of [1, 15, 16, 17, 100, 4099]) {
      const scores = fill(size);
      const given = { scores, order: ordered(scores) };
      for (const k of some(size).filter((k) => k > 0)) {
        const exact = new Fixed(1, 0);
        checkRemembered(given, k, [exact], name);
        const at = exact.found;
        const memories = [
          // The place itself; near it on either side; all there is; a place too high, too low, beyond every number.
          ...[
            [at, at],
            [at - 40, at - 1],
            [at + 1, at + 40],
            [at - 5000, at + 5000],
            [0, 0x7fffffff],
            [0x7f000000, 0x7fffffff],
            [0, 0x00900000],
            [0, 1],
          ].map(([low, high]) => new Fixed(low!, Math.min(high!, 0x7fffffff))),
        ];
        checkRemembered(given, k, memories, name);
      }
    }
  });
});

it('finds the threshold of drifting scores where the memory looks, and jumping ones all the same', () => {
  const memory = new TopKMemory();
  const size = 18_000;
  const start = numbers(8, size);
  const move = numbers(9, size);
  let looked = 0;
  for (let step = 0; step < 40; step++) {
    const scores = start.map((score, i) => score * (1 + step / 50) + (step / 100) * move[i]!);
    if (step % 10 === 9) scores.set(scores.map((score) => score * 1000));
    const bracket = memory.bracket();
    const order = ordered(scores);
    checkRemembered({ scores, order }, size / 3, [memory], `step ${step}`);
    const key = Math.abs(scores[order[size / 3 - 1]!]!);
    const rank = new Int32Array(new Float32Array([key]).buffer)[0]! + 0x7fffff;
    if (bracket && rank >= bracket.low && rank <= bracket.high) looked++;
  }
  expect(looked).toBeGreaterThan(15);
});

it('does not depend on the threads, and leaves no tensor', async () => {
  const scores = numbers(5, 100_003);
  const masks: Float32Array[] = [];
  for (const threads of [1, 2, 3]) {
    await registerWasm({ threads });
    await tf.setBackend('wasm');
    const before = tf.memory().numTensors;
    masks.push(tf.tidy(() => topKMask(tf.tensor1d(scores), 31_415).dataSync<'float32'>()));
    expect(tf.memory().numTensors).toBe(before);
  }
  expect(masks[0]!.reduce((sum, value) => sum + value, 0)).toBe(31_415);
  expect(masks[1]).toEqual(masks[0]);
  expect(masks[2]).toEqual(masks[0]);
});
