import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { decodeTensor, encodeTensor, PleatFormatError } from '../src/index.ts';

describe('float32 and int32', () => {
  test('keep every bit, NaN payloads and signed zeros included', () => {
    fc.assert(
      fc.property(fc.uint32Array({ maxLength: 40 }), (words) => {
        const floats = new Float32Array(words.buffer, words.byteOffset, words.length);
        const ints = new Int32Array(words.buffer, words.byteOffset, words.length);
        for (const [values, coding] of [
          [floats, 'float32'],
          [ints, 'int32'],
        ] as const) {
          const coded = encodeTensor(values, [words.length]);
          expect(coded.coding).toBe(coding);
          expect(coded.maxError).toBeUndefined();
          const back = decodeTensor(coded.bytes, [words.length], coding);
          expect(new Uint32Array(back.buffer, back.byteOffset, back.length)).toEqual(words);
        }
      }),
    );
  });

  test('are little-endian', () => {
    expect([...encodeTensor(Float32Array.of(1), [1]).bytes]).toEqual([0, 0, 0x80, 0x3f]);
    expect([...encodeTensor(Int32Array.of(-2), [1]).bytes]).toEqual([0xfe, 255, 255, 255]);
  });
});

describe('float16', () => {
  test('reports the largest error', () => {
    const { bytes, maxError } = encodeTensor(Float32Array.of(1, 1 + 2 ** -12, 2), [3], 'float16');
    expect([...bytes]).toEqual([0, 0x3c, 0, 0x3c, 0, 0x40]);
    expect(maxError).toBe(2 ** -12);
  });

  test('refuses what overflows, and keeps infinities and NaN', () => {
    expect(() => encodeTensor(Float32Array.of(0, 65_520), [2], 'float16')).toThrow(
      /float16 reaches up to 65504, found 65520 at 1/,
    );
    const { bytes, maxError } = encodeTensor(
      Float32Array.of(Infinity, Number.NaN, -65_519),
      [3],
      'float16',
    );
    expect([...decodeTensor(bytes, [3], 'float16')]).toEqual([Infinity, Number.NaN, -65_504]);
    expect(maxError).toBe(15);
  });
});

describe('uint8', () => {
  const finite = fc.float({ noNaN: true, noDefaultInfinity: true });

  test('errs by at most half a step and rounding, for one scale and one a channel', () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(finite, finite, finite), { minLength: 1, maxLength: 30 }),
        fc.constantFrom('uint8' as const, 'uint8-channel' as const),
        (rows, coding) => {
          const values = Float32Array.from(rows.flat());
          const shape = [rows.length, 3];
          const coded = encodeTensor(values, shape, coding);
          const back = decodeTensor(coded.bytes, shape, coding);
          let largest = 0;
          for (let i = 0; i < values.length; i++) {
            const column = coding === 'uint8' ? [...values] : rows.map((row) => row[i % 3]!);
            const [low, high] = [Math.min(...column), Math.max(...column)];
            const error = Math.abs(back[i]! - values[i]!);
            const rounding = 255 * 2 ** -23 * Math.max(Math.abs(low), Math.abs(high)) + 2 ** -140;
            expect(error).toBeLessThanOrEqual((high - low) / 510 + rounding);
            largest = Math.max(largest, error);
          }
          expect(coded.maxError).toBe(largest);
        },
      ),
      { numRuns: 500 },
    );
  });

  test('is exact where the values are 256 even steps, and where all are equal', () => {
    const ramp = Float32Array.from({ length: 256 }, (_, i) => -4 + i / 32);
    expect(encodeTensor(ramp, [256], 'uint8').maxError).toBe(0);
    const flat = new Float32Array(5).fill(0.1);
    const { bytes, maxError } = encodeTensor(flat, [5], 'uint8');
    expect(maxError).toBe(0);
    expect(decodeTensor(bytes, [5], 'uint8')).toEqual(flat);
  });

  test('takes the extremes of float32 and empty tensors', () => {
    const top = 2 ** 127 * (2 - 2 ** -23);
    const wide = encodeTensor(Float32Array.of(-top, 0, top), [3], 'uint8');
    expect(wide.maxError).toBeLessThan(top / 254);
    for (const shape of [[0], [0, 3]]) {
      const { bytes } = encodeTensor(new Float32Array(0), shape, 'uint8-channel');
      expect(decodeTensor(bytes, shape, 'uint8-channel')).toEqual(new Float32Array(0));
    }
  });

  test('refuses values without a place on the scale', () => {
    expect(() => encodeTensor(Float32Array.of(1, Number.NaN), [2], 'uint8')).toThrow(
      /8-bit coding needs finite values, found NaN at 1/,
    );
  });

  test('refuses scales no encoder writes', () => {
    for (const [low, scale] of [
      [Number.NaN, 1],
      [0, -1],
      [0, Infinity],
      [3e38, 3e38],
    ] as const) {
      const bytes = new Uint8Array(9);
      const view = new DataView(bytes.buffer);
      view.setFloat32(0, low, true);
      view.setFloat32(4, scale, true);
      expect(() => decodeTensor(bytes, [1], 'uint8')).toThrow(PleatFormatError);
    }
  });
});

describe('integers at their entropy', () => {
  const there = (values: Int32Array) => {
    const { coding, bytes } = encodeTensor(values, [values.length], 'int32-range');
    return { bytes, back: decodeTensor(bytes, [values.length], coding) };
  };

  test('come back, whatever they are', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 2 ** 16 }),
        fc.array(fc.integer({ min: 0, max: 2 ** 16 - 1 }), { maxLength: 60 }),
        (low, codes) => {
          const values = Int32Array.from(codes, (code) => low + code);
          expect(there(values).back).toEqual(values);
        },
      ),
    );
    for (const values of [
      [],
      [7],
      [-5, -5, -5],
      [2 ** 31 - 1, 2 ** 31 - 3],
      [-(2 ** 31), -(2 ** 31) + 1],
    ]) {
      expect(there(Int32Array.from(values)).back).toEqual(Int32Array.from(values));
    }
  });

  test('take what their distribution says, and little to learn it', () => {
    // A rounded normal distribution: 20,000 values in 31 levels.
    const n = 20_000;
    let state = 1;
    const values = Int32Array.from({ length: n }, () => {
      let sum = -6;
      for (let j = 0; j < 12; j++) {
        state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
        sum += state / 2 ** 32;
      }
      return Math.max(-15, Math.min(15, Math.round(3 * sum)));
    });
    const seen = new Map<number, number>();
    for (const value of values) seen.set(value, (seen.get(value) ?? 0) + 1);
    let entropy = 0;
    for (const count of seen.values()) entropy -= (count * Math.log2(count / n)) / 8;
    const { bytes, back } = there(values);
    expect(back).toEqual(values);
    expect(bytes.length).toBeGreaterThan(entropy);
    expect(bytes.length).toBeLessThan(1.01 * entropy + 8);
  });

  test('refuse what no encoder writes', () => {
    const { bytes } = there(Int32Array.of(1, 5, 3, 2));
    expect(() => decodeTensor(bytes.subarray(0, 4), [4], 'int32-range')).toThrow(
      'begin with 5 bytes',
    );
    const wide = bytes.slice();
    wide[0] = 17;
    expect(() => decodeTensor(wide, [4], 'int32-range')).toThrow('codes of at most 16 bits');
    const long = new Uint8Array(bytes.length + 20);
    long.set(bytes);
    long.fill(1, bytes.length);
    expect(() => decodeTensor(long, [4], 'int32-range')).toThrow('bytes too many');
    expect(() => there(Int32Array.of(0, 2 ** 16))).toThrow('found 0 to 65536; use int32');
    const high = there(Int32Array.of(2 ** 31 - 1, 2 ** 31 - 3)).bytes;
    high.fill(0, 5);
    expect(() => decodeTensor(high, [2], 'int32-range')).toThrow('beyond int32');
  });
});

test('shape and coding must go with the values', () => {
  expect(() => encodeTensor(new Float32Array(3), [2, 2])).toThrow(
    /shape \[2,2\] has 4 elements, found 3 values/,
  );
  expect(() => encodeTensor(new Float32Array(1), [1], 'int32')).toThrow(/int32-range go with/);
  expect(() => encodeTensor(new Int32Array(1), [1], 'uint8')).toThrow(/int32-range go with/);
  expect(() => decodeTensor(new Uint8Array(7), [2], 'float32')).toThrow(/takes 8 bytes, found 7/);
});
