import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { decodeMask, encodeMask, PleatFormatError } from '../src/index.ts';
import { entropyBytes, generator, randomBits } from './help.ts';

function roundTrip(bits: Uint8Array, shape: number[], coding: 'auto' | 'raw' | 'range' = 'auto') {
  const coded = encodeMask(bits, shape, coding);
  const back = decodeMask(coded.bytes, shape, coded.coding);
  // Comparing 4 million elements one by one through toEqual takes a minute.
  expect(back.length).toBe(bits.length);
  expect(Buffer.compare(back, bits)).toBe(0);
  return coded;
}

describe('random masks', () => {
  const densities = [0, 1e-5, 1e-4, 1e-3, 0.01, 0.05, 0.1, 0.3, 0.5, 0.7, 0.95, 0.999, 1];
  const shapes = [[1], [7], [8, 8], [5, 5, 64, 1], [100, 10], [3, 3, 64, 64], [1000, 300]];

  for (const density of densities) {
    test(`density ${density}: at most 1.005 x entropy + 32 bytes, and raw`, () => {
      shapes.forEach((shape, i) => {
        const bits = randomBits(
          shape.reduce((a, b) => a * b, 1),
          density,
          i,
        );
        const entropy = entropyBytes(bits);
        const range = roundTrip(bits, shape, 'range').bytes.length;
        expect(range).toBeLessThanOrEqual(1.005 * entropy + 32);
        expect(range).toBeLessThanOrEqual(Math.ceil(bits.length / 8) + 16);
        const auto = roundTrip(bits, shape).bytes.length;
        expect(auto).toBeLessThanOrEqual(Math.min(range, Math.ceil(bits.length / 8)));
      });
    });
  }

  for (const [density, size] of [
    [1e-6, 4_000_000],
    [1e-5, 4_000_000],
    [0.001, 4_000_000],
    [0.5, 3_000_000],
  ] as const) {
    test(`${size} weights of density ${density}`, () => {
      const bits = randomBits(size, density, 11);
      for (const shape of [[size], [size / 1000, 1000]]) {
        const { bytes } = roundTrip(bits, shape, 'range');
        expect(bytes.length).toBeLessThanOrEqual(1.005 * entropyBytes(bits) + 32);
      }
    });
  }
});

test('any bits of any shape come back', () => {
  fc.assert(
    fc.property(
      fc.array(fc.integer({ min: 1, max: 6 }), { maxLength: 5 }),
      fc.infiniteStream(fc.integer({ min: 0, max: 1 })),
      fc.constantFrom('auto' as const, 'raw' as const, 'range' as const),
      (shape, stream, coding) => {
        const size = shape.reduce((a, b) => a * b, 1);
        roundTrip(Uint8Array.from([...stream.take(size)]), shape, coding);
      },
    ),
    { numRuns: 400 },
  );
});

test('empty masks take no byte', () => {
  for (const shape of [[0], [3, 0, 5], [2 ** 40, 0]]) {
    expect(roundTrip(new Uint8Array(0), shape, 'range')).toEqual({
      coding: 'raw',
      bytes: new Uint8Array(0),
    });
  }
});

/** Fills a mask of shape [taps, inputs, filters] weight by weight. */
function build(
  [taps, inputs, filters]: [number, number, number],
  bit: (tap: number, input: number, filter: number, bits: Uint8Array, index: number) => boolean,
): Uint8Array {
  const bits = new Uint8Array(taps * inputs * filters);
  for (let i = 0; i < bits.length; i++) {
    const row = Math.floor(i / filters);
    bits[i] = bit(Math.floor(row / inputs), row % inputs, i % filters, bits, i) ? 1 : 0;
  }
  return bits;
}

describe('masks with structure are smaller than their order-0 entropy', () => {
  const next = generator(5);
  const numbers = (size: number) => Float64Array.from({ length: size }, next);
  const ofFilter = numbers(256);
  const ofInput = numbers(256);
  const ofTap = numbers(25);
  const ofPair = numbers(256 * 256);
  const source = Array.from({ length: 256 }, (_, i) => (i < 16 ? -1 : Math.floor(next() * i)));

  const cases: {
    name: string;
    shape: number[];
    share: number;
    bits: Uint8Array;
  }[] = [
    {
      name: 'filters of different density',
      shape: [3, 3, 64, 128],
      share: 0.85,
      bits: build([9, 64, 128], (_, __, o) => next() < ofFilter[o]!),
    },
    {
      name: 'inputs of different density',
      shape: [3, 3, 128, 64],
      share: 0.85,
      bits: build([9, 128, 64], (_, i) => next() < ofInput[i]!),
    },
    {
      name: 'inputs and filters of different density',
      shape: [256, 256],
      share: 0.85,
      bits: build([1, 256, 256], (_, i, o) => next() < ofInput[i]! * ofFilter[o]!),
    },
    {
      name: 'density by kernel position',
      shape: [5, 5, 32, 64],
      share: 0.9,
      bits: build([25, 32, 64], (t) => next() < ofTap[t]!),
    },
    {
      name: 'blocks of 4 x 4 inputs and filters',
      shape: [256, 256],
      share: 0.55,
      bits: build([1, 256, 256], (_, i, o) => {
        const kept = ofPair[(i >> 2) * 256 + (o >> 2)]! < 0.5;
        return kept ? next() < 0.95 : next() < 0.05;
      }),
    },
    {
      name: 'kernels kept or dropped as a whole',
      shape: [3, 3, 64, 64],
      share: 0.75,
      bits: build([9, 64, 64], (_, i, o) =>
        ofPair[i * 256 + o]! < 0.5 ? next() < 0.9 : next() < 0.1,
      ),
    },
    {
      name: 'filters that repeat an earlier one, up to 5 % of their bits',
      shape: [3, 3, 32, 256],
      share: 0.4,
      bits: build([9, 32, 256], (_, __, o, bits, at) => {
        const from = source[o]!;
        return from < 0 || next() < 0.05 ? next() < 0.5 : bits[at - o + from] === 1;
      }),
    },
    {
      name: 'depthwise kernels that repeat',
      shape: [5, 5, 256, 1],
      share: 0.4,
      bits: build([5, 5, 256], (_, __, o, bits, at) => (o < 8 ? next() < 0.5 : bits[at - 8] === 1)),
    },
    {
      name: 'half of the filters gone',
      shape: [3, 3, 32, 64],
      share: 0.7,
      bits: build([9, 32, 64], (_, __, o) => ofFilter[o]! < 0.5 && next() < 0.5),
    },
  ];

  for (const { name, shape, share, bits } of cases) {
    test(`${name}: below ${share} x entropy`, () => {
      const { bytes, coding } = roundTrip(bits, shape);
      expect(coding).toBe('range');
      expect(bytes.length).toBeLessThan(share * entropyBytes(bits));
    });
  }
});

describe('refuses', () => {
  test('bits that do not fit the shape or are no bits', () => {
    expect(() => encodeMask(new Uint8Array(5), [2, 3])).toThrow(/has 6 weights, found 5 bits/);
    expect(() => encodeMask(Uint8Array.of(0, 1, 2), [3])).toThrow(/0 or 1, found 2 at 2/);
  });

  const code = (run: () => unknown): string => {
    try {
      run();
    } catch (error) {
      if (error instanceof PleatFormatError) return error.code;
      throw error;
    }
    return 'none';
  };

  test('raw bytes that are too few, too many, or have stray bits', () => {
    expect(code(() => decodeMask(new Uint8Array(1), [9], 'raw'))).toBe('section-size');
    expect(code(() => decodeMask(new Uint8Array(3), [9], 'raw'))).toBe('section-size');
    expect(code(() => decodeMask(Uint8Array.of(0, 2), [9], 'raw'))).toBe('section-data');
  });

  test('range codes with more bytes than the mask needs, or an impossible model', () => {
    const bits = randomBits(4096, 0.2, 3);
    const { bytes } = encodeMask(bits, [64, 64], 'range');
    const longer = new Uint8Array(bytes.length + 20);
    longer.set(bytes);
    const decode = (...given: number[]) =>
      code(() => decodeMask(Uint8Array.from(given), [64, 64], 'range'));
    expect(code(() => decodeMask(longer, [64, 64], 'range'))).toBe('section-size');
    expect(decode()).toBe('section-data');
    expect(decode(9, 1, 2, 3, 4, 5, 6, 7, 8, 9)).toBe('section-data');
    expect(decode(2, 0, 0)).toBe('section-data');
    expect(decode(1)).toBe('section-data');
    expect(decode(1, 129)).toBe('section-data');
    expect(decode(1, 255, 255, 255, 255, 255, 255, 255, 255, 1)).toBe('section-data');
    expect(decode(1, 0x81, 0x20)).toBe('section-data');
  });
});
