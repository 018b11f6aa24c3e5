import { rng, stream } from '@pleat/random';
import { describe, expect, it } from 'vitest';
import { createSearch } from '../src/improve.ts';
import { nearest } from '../src/neighbours.ts';
import { createTour, type Tour } from '../src/tour.ts';
import { measure, randomCities, randomMatrix } from './instances.ts';

/** The edges of a tour, whatever place and direction it is written in. */
function edges({ order }: Tour): string[] {
  return [...order]
    .map((city, i) => {
      const other = order[(i + 1) % order.length]!;
      return city < other ? `${city}-${other}` : `${other}-${city}`;
    })
    .sort();
}

const shuffled = (n: number, seed: number): Int32Array => {
  const random = rng(stream(seed, 'test/shuffle'));
  const order = Int32Array.from({ length: n }, (_, i) => i);
  for (let i = n - 1; i > 0; i--) {
    const j = random.integer(i + 1);
    [order[i], order[j]] = [order[j]!, order[i]!];
  }
  return order;
};

describe('move2', () => {
  it('exchanges the two edges it names, in both directions, and takes them back', () => {
    const random = rng(stream(1, 'test/moves'));
    for (let trial = 0; trial < 300; trial++) {
      const n = 5 + random.integer(30);
      const tour = createTour(shuffled(n, trial));
      const before = edges(tour);
      const forward = random.integer(2) === 0;
      const step = forward ? tour.next : tour.previous;
      const a = random.integer(n);
      const b = step(a);
      const c = random.integer(n);
      const d = step(c);
      if (c === a || c === b || d === a) continue;
      tour.move2(a, b, c, d);
      const key = (x: number, y: number): string => (x < y ? `${x}-${y}` : `${y}-${x}`);
      const expected = before.filter((edge) => edge !== key(a, b) && edge !== key(c, d));
      expect(edges(tour)).toEqual([...expected, key(a, c), key(b, d)].sort());
      for (let i = 0; i < n; i++) expect(tour.order[tour.position[i]!]).toBe(i);
      tour.move2(a, c, b, d);
      expect(edges(tour)).toEqual(before);
    }
  });
});

describe('local search', () => {
  const start = (n: number, seed: number, metric: boolean) => {
    const matrix = metric ? randomCities(n, seed) : randomMatrix(n, seed);
    const tour = createTour(shuffled(n, seed));
    const search = createSearch(matrix, nearest(matrix, 8), tour);
    for (let i = 0; i < n; i++) search.push(i);
    return { matrix, tour, search };
  };

  it.each([true, false])('gains what the lengths differ by (metric %s)', (metric) => {
    for (let seed = 0; seed < 40; seed++) {
      const { matrix, tour, search } = start(8 + 3 * seed, seed, metric);
      const before = measure(matrix, tour.order, true);
      const gain = search.run();
      expect(gain).toBeGreaterThan(0);
      expect(before - measure(matrix, tour.order, true)).toBeCloseTo(gain, 3);
      expect([...tour.order].sort((a, b) => a - b)).toEqual([...tour.order.keys()]);
    }
  });

  it('rolls back to the tour of the last commit', () => {
    for (let seed = 0; seed < 40; seed++) {
      const { tour, search } = start(10 + 3 * seed, seed, seed % 2 === 0);
      const before = edges(tour);
      search.run();
      expect(edges(tour)).not.toEqual(before);
      search.rollback();
      expect(edges(tour)).toEqual(before);
      for (const city of tour.order) search.push(city);
      search.run();
      const better = edges(tour);
      search.commit();
      search.rollback();
      expect(edges(tour)).toEqual(better);
    }
  });

  it('leaves no exchange of two edges among neighbours that would shorten the tour', () => {
    const { matrix, tour, search } = start(120, 7, true);
    search.run();
    const { n, data } = matrix;
    const { count, list } = nearest(matrix, 8);
    for (let a = 0; a < n; a++) {
      for (const step of [tour.next, tour.previous]) {
        const b = step(a);
        for (let k = 0; k < count; k++) {
          const c = list[a * count + k]!;
          const d = step(c);
          const removed = data[a * n + b]! + data[c * n + d]!;
          expect(data[a * n + c]! + data[b * n + d]!).toBeGreaterThan(removed - 1e-6);
        }
      }
    }
  });
});
