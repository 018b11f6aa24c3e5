import fc from 'fast-check';
import { expect, test } from 'vitest';
import { fromFloat16Bits, toFloat16Bits } from '../src/tensor/float16.ts';

/** IEEE 754 binary16 by its definition: (-1)^s 2^(e - 15) (1 + f / 1024), or 2^-14 (f / 1024) when e is 0. */
function value(bits: number): number {
  const e = (bits >> 10) & 31;
  const f = (bits & 1023) / 1024;
  const magnitude =
    e === 31 ? (f ? Number.NaN : Infinity) : e ? 2 ** (e - 15) * (1 + f) : 2 ** -14 * f;
  return bits & 0x8000 ? -magnitude : magnitude;
}

test('every one of the 65,536 halves has its value, and goes there and back', () => {
  const wrong: number[] = [];
  for (let bits = 0; bits < 65_536; bits++) {
    const expected = value(bits);
    const back = Number.isNaN(expected) ? bits : toFloat16Bits(expected);
    if (!Object.is(fromFloat16Bits(bits), expected) || back !== bits) wrong.push(bits);
  }
  expect(wrong).toEqual([]);
});

test('rounds to the nearest, ties to even, at and around every midpoint', () => {
  const scratch = new DataView(new ArrayBuffer(4));
  const wrong: number[] = [];
  for (let bits = 0; bits < 0x7c00; bits++) {
    // The midpoint above the largest half is where rounding to infinity begins.
    const above = bits + 1 === 0x7c00 ? 65_536 : value(bits + 1);
    const middle = (value(bits) + above) / 2;
    scratch.setFloat32(0, middle);
    const word = scratch.getUint32(0);
    const even = bits % 2 === 0 ? bits : bits + 1;
    for (const [offset, expected] of [
      [-1, bits],
      [0, even],
      [1, bits + 1],
    ] as const) {
      scratch.setUint32(0, word + offset);
      const near = scratch.getFloat32(0);
      if (near < value(bits) || near > above) continue;
      if (toFloat16Bits(near) !== expected) wrong.push(near);
      if (toFloat16Bits(-near) !== (expected | 0x8000)) wrong.push(-near);
    }
  }
  expect(wrong).toEqual([]);
});

test('no half lies nearer to a number than the one it is rounded to', () => {
  fc.assert(
    fc.property(fc.float({ min: -65_504, max: 65_504, noNaN: true }), (x) => {
      const bits = toFloat16Bits(x);
      const error = Math.abs(value(bits) - x);
      for (const other of [bits - 1, bits + 1]) {
        const v = value(other & 0xffff);
        if (Number.isFinite(v)) expect(Math.abs(v - x)).toBeGreaterThanOrEqual(error);
      }
    }),
    { numRuns: 2000 },
  );
});

test('numbers below half the smallest subnormal become a zero of their sign, NaN stays NaN', () => {
  expect(toFloat16Bits(2 ** -25)).toBe(0);
  expect(toFloat16Bits(-(2 ** -26))).toBe(0x8000);
  expect(toFloat16Bits(2 ** -149)).toBe(0);
  expect(toFloat16Bits(2 ** -25 * 1.0001)).toBe(1);
  expect(toFloat16Bits(Number.NaN) & 0x7fff).toBe(0x7e00);
  expect(toFloat16Bits(3e38)).toBe(0x7c00);
});
