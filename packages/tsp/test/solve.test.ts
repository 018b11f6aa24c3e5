import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { exactOrder } from '../src/exact.ts';
import { solve } from '../src/index.ts';
import { bruteForce, fromDistance, measure, randomCities, randomMatrix } from './instances.ts';

const both = [true, false];

describe('exact orders', () => {
  it.each(both)('equal trying all orders up to 7 cities (closed %s)', (closed) => {
    for (let n = 2; n <= 7; n++) {
      for (const matrix of [randomCities(n, n), randomMatrix(n, n)]) {
        const { order, length, lowerBound, gap } = solve(matrix, { closed });
        expect(length).toBeCloseTo(bruteForce(matrix, closed), 5);
        expect(measure(matrix, order, closed)).toBeCloseTo(length, 9);
        expect(lowerBound).toBe(length);
        expect(gap).toBe(0);
      }
    }
  });

  it('are the shortest whatever the distances', () => {
    const weights = fc.array(fc.integer({ min: 0, max: 9 }), { minLength: 15, maxLength: 15 });
    fc.assert(
      fc.property(fc.integer({ min: 2, max: 6 }), weights, fc.boolean(), (n, values, closed) => {
        const matrix = fromDistance(n, (i, j) => values[(i * (i - 1)) / 2 + j]!);
        expect(solve(matrix, { closed }).length).toBe(bruteForce(matrix, closed));
      }),
    );
  });

  it.each(both)('agree with the search where both can be run (closed %s)', (closed) => {
    for (const n of [13, 14, 15]) {
      for (const matrix of [randomCities(n, n), randomMatrix(n, n)]) {
        const optimum = measure(matrix, exactOrder(matrix, closed), closed);
        const { length, lowerBound } = solve(matrix, { closed, kicks: 2000 });
        expect(length).toBeCloseTo(optimum, 4);
        expect(lowerBound).toBeLessThanOrEqual(optimum * (1 + 1e-12));
        expect(lowerBound).toBeGreaterThan(0.8 * optimum);
      }
    }
  });
});

describe('solve', () => {
  it.each(both)('visits every city once and reports true lengths (closed %s)', (closed) => {
    const matrix = randomCities(200, 1);
    const { order, length, lowerBound, gap, identityLength, kicks } = solve(matrix, {
      closed,
      kicks: 500,
    });
    expect([...order].sort((a, b) => a - b)).toEqual(Array.from({ length: 200 }, (_, i) => i));
    expect(length).toBeCloseTo(measure(matrix, order, closed), 9);
    const identity = Array.from({ length: 200 }, (_, i) => i);
    expect(identityLength).toBeCloseTo(measure(matrix, identity, closed), 9);
    expect(gap).toBeCloseTo((length - lowerBound) / lowerBound, 12);
    expect(gap).toBeGreaterThanOrEqual(0);
    expect(gap).toBeLessThan(0.04);
    expect(kicks).toBe(500);
  });

  it('finds the line in cities on a line, and proves it', () => {
    const matrix = fromDistance(40, (i, j) => Math.abs(((i * 7) % 40) - ((j * 7) % 40)));
    const { length, gap } = solve(matrix, { kicks: 2000 });
    expect(length).toBe(39);
    expect(gap).toBeLessThan(1e-6);
  });

  it('never does worse than the order the cities came in', () => {
    const matrix = fromDistance(60, (i, j) => Math.abs(i - j));
    expect(solve(matrix, { kicks: 0 }).length).toBe(59);
  });

  it('depends on the seed alone', () => {
    const matrix = randomCities(150, 2);
    const run = (seed: number) => solve(matrix, { seed, kicks: 50 });
    expect(run(3)).toEqual(run(3));
    expect(run(3).order).not.toEqual(run(4).order);
  });

  it('gets no worse with more kicks', () => {
    const matrix = randomCities(300, 5);
    const lengths = [0, 100, 1000].map((kicks) => solve(matrix, { kicks }).length);
    expect(lengths[1]!).toBeLessThanOrEqual(lengths[0]!);
    expect(lengths[2]!).toBeLessThan(lengths[0]!);
  });

  it('stops by the clock it is given', () => {
    let now = 0;
    const clock = (): number => ++now;
    const { kicks } = solve(randomCities(100, 1), { timeLimit: 0.5, clock });
    expect(kicks).toBeGreaterThan(0);
    expect(now).toBeLessThan(510);
  });

  it('reports progress: lengths fall, bounds stay below', () => {
    const seen: number[] = [];
    const { length } = solve(randomCities(100, 1), {
      kicks: 3000,
      onProgress: (progress) => {
        expect(progress.lowerBound).toBeLessThanOrEqual(progress.length);
        seen.push(progress.length);
      },
    });
    expect(seen).toHaveLength(3);
    expect(seen).toEqual([...seen].sort((a, b) => b - a));
    expect(length).toBeLessThanOrEqual(seen[2]! * (1 + 1e-9));
  });

  it('takes float64, cities at one place, and large distances beside small ones', () => {
    const zero = solve({ n: 20, data: new Float64Array(400) }, { kicks: 100 });
    expect([zero.length, zero.lowerBound, zero.gap]).toEqual([0, 0, 0]);
    const far = fromDistance(30, (i, j) => (i < 15 === j < 15 ? 1 : 1e6));
    expect(solve(far, { kicks: 200, closed: true }).length).toBe(28 + 2e6);
    const matrix = randomCities(80, 3);
    const wide = { n: 80, data: Float64Array.from(matrix.data) };
    expect(solve(wide, { kicks: 200 })).toEqual(solve(matrix, { kicks: 200 }));
  });
});

describe('bad input', () => {
  const square = (edit: (data: Float32Array) => void) => {
    const { n, data } = fromDistance(20, () => 1);
    edit(data);
    return { n, data };
  };
  it.each([
    ['NaN', square((d) => d.fill(NaN, 3, 4)), /\[3, 0\] is 1 but|is NaN/],
    [
      'NaN on both sides',
      square((d) => {
        d[3] = NaN;
        d[60] = NaN;
      }),
      /distance \[3, 0\] is NaN/,
    ],
    [
      'negative',
      square((d) => {
        d[3] = -1;
        d[60] = -1;
      }),
      /distance \[3, 0\] is -1/,
    ],
    [
      'infinite',
      square((d) => {
        d[3] = Infinity;
        d[60] = Infinity;
      }),
      /is Infinity/,
    ],
    [
      'asymmetry',
      square((d) => {
        d[3] = 2;
      }),
      /\[3, 0\] is 1 but \[0, 3\] is 2/,
    ],
    [
      'a city off itself',
      square((d) => {
        d[21] = 5;
      }),
      /city 1 to itself is 5/,
    ],
    ['not square', { n: 3, data: new Float32Array(8) }, /3 cities has 9 entries; data holds 8/],
    ['one city', { n: 1, data: new Float32Array(1) }, /2 or more; it is 1/],
    ['half a city', { n: 2.5, data: new Float32Array(6) }, /it is 2.5/],
  ])('%s is refused', (_, matrix, message) => {
    expect(() => solve(matrix)).toThrow(RangeError);
    expect(() => solve(matrix)).toThrow(message);
  });

  it.each([
    [{ kicks: -1 }, /kicks is -1/],
    [{ kicks: 0.5 }, /kicks is 0.5/],
    [{ timeLimit: NaN }, /timeLimit is NaN/],
    [{ seed: -1 }, /seed is -1/],
  ])('options %o are refused', (options, message) => {
    expect(() => solve(randomCities(5, 0), options)).toThrow(message);
  });
});
