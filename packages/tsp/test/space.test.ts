import { rng, stream } from '@pleat/random';
import { describe, expect, it } from 'vitest';
import { branchedBound } from '../src/branch.ts';
import { exactOrder } from '../src/exact.ts';
import { heldKarp } from '../src/held-karp.ts';
import { compiledSpace, createSpace, portableSpace } from '../src/space.ts';
import {
  fromDistance,
  measure,
  randomCities,
  randomMatrix,
  trianglesAndPaths,
} from './instances.ts';

const penalties = (n: number, seed: number): Float64Array => {
  const random = rng(stream(seed, 'test/penalties'));
  return Float64Array.from({ length: n }, () => random.normal());
};
const sizes = [4, 5, 6, 7, 8, 9, 30, 101];

/** Weight of a minimum spanning tree by Kruskal's algorithm. */
function kruskal(n: number, cost: (i: number, j: number) => number): number {
  const root = Array.from({ length: n }, (_, i) => i);
  const find = (i: number): number => (root[i] === i ? i : find(root[i]!));
  const all: [number, number, number][] = [];
  for (let i = 0; i < n; i++) for (let j = 0; j < i; j++) all.push([cost(i, j), i, j]);
  let sum = 0;
  for (const [weight, i, j] of all.sort((x, y) => x[0] - y[0])) {
    if (find(i) === find(j)) continue;
    root[find(i)] = find(j);
    sum += weight;
  }
  return sum;
}

describe('the compiled space', () => {
  it.each(sizes)('gives the bits of the portable one (%i cities)', (n) => {
    // Whole numbers make ties, which must go the same way.
    const ties = fromDistance(n, (i, j) => 1 + ((i * j) % 3));
    for (const matrix of [randomCities(n, n), randomMatrix(n, n), ties]) {
      for (const m of [n, n + 1]) {
        const compiled = compiledSpace(matrix, m)!;
        const portable = portableSpace(matrix, m);
        expect(compiled.matrix.data).toEqual(portable.matrix.data);
        for (const pi of [new Float64Array(m), penalties(m, n)]) {
          expect(compiled.nearest(5, pi)).toEqual(portable.nearest(5, pi));
          expect(compiled.nearest(3)).toEqual(portable.nearest(3));
          expect(compiled.spanningTree(pi)).toEqual(portable.spanningTree(pi));
        }
      }
    }
  });

  it.each(sizes)('finds a minimum spanning tree and the nearest by cost (%i cities)', (n) => {
    const matrix = randomCities(n, n);
    const space = createSpace(matrix, true);
    const pi = penalties(n, n);
    const cost = (i: number, j: number): number => matrix.data[i * n + j]! + pi[i]! + pi[j]!;
    const { key } = space.spanningTree(pi);
    expect(key.slice(1).reduce((a, b) => a + b, 0)).toBeCloseTo(kruskal(n - 1, cost), 9);
    const { count, list } = space.nearest(4, pi);
    for (let i = 0; i < n; i++) {
      const others = [...Array(n).keys()].filter((j) => j !== i);
      others.sort((x, y) => cost(i, x) - cost(i, y));
      expect([...list.subarray(i * count, (i + 1) * count)]).toEqual(others.slice(0, count));
    }
  });
});

describe('the check of a compiled space', () => {
  it.each([4, 5, 8, 9, 66, 131])('finds one wrong entry wherever it is (%i cities)', (n) => {
    const right = randomCities(n, n);
    const random = rng(stream(n, 'test/entries'));
    const everywhere = n < 10;
    const places = Array.from({ length: everywhere ? n * n : 300 }, (_, at) =>
      everywhere ? at : random.integer(n * n),
    );
    for (const m of [n, n + 1]) {
      expect(() => compiledSpace(right, m)!.check()).not.toThrow();
      for (const at of places) {
        const [i, j] = [Math.floor(at / n), at % n];
        for (const wrong of [NaN, -1, Infinity, right.data[at]! + 1]) {
          const data = right.data.slice();
          data[at] = wrong;
          // What is wrong on both sides of the diagonal is no asymmetry.
          if (wrong < 0 || wrong === Infinity) data[j * n + i] = wrong;
          const entry = `[${Math.max(i, j)}, ${Math.min(i, j)}]|itself`;
          expect(() => compiledSpace({ n, data }, m)!.check()).toThrow(
            new RegExp(entry.replaceAll(/[[\]]/g, '\\$&')),
          );
        }
      }
    }
  });
});

describe('the ascent', () => {
  it('stays at or below the optimum and comes close', () => {
    for (let seed = 0; seed < 20; seed++) {
      const n = 4 + (seed % 9);
      const matrix = seed % 2 ? randomCities(n, seed) : randomMatrix(n, seed);
      const optimum = measure(matrix, exactOrder(matrix, true), true);
      const space = createSpace(matrix, true);
      const { bound } = heldKarp(space, space.nearest(5), 1.05 * optimum, {
        steps: 300,
        timeUsed: () => 0,
      });
      expect(bound).toBeLessThanOrEqual(optimum * (1 + 1e-9));
      expect(bound).toBeGreaterThan(0.85 * optimum);
    }
  });

  it('certifies what its penalties and edges show', () => {
    const matrix = randomCities(60, 1);
    const space = createSpace(matrix, true);
    const { bound, pi, edges, raised } = heldKarp(space, space.nearest(6), 8, {
      steps: 200,
      timeUsed: () => 0,
    });
    const costs = Float64Array.from(matrix.data);
    for (const [e, by] of raised.by.entries()) {
      const [i, j] = [raised.ends[2 * e]!, raised.ends[2 * e + 1]!];
      costs[i * 60 + j]! += by;
      costs[j * 60 + i]! += by;
    }
    const cost = (i: number, j: number): number => costs[i * 60 + j]! + pi[i]! + pi[j]!;
    const toLast = [...Array(59).keys()].map((i) => cost(i, 59)).sort((a, b) => a - b);
    const tree = kruskal(59, cost) + toLast[0]! + toLast[1]!;
    // To the rounding of raised costs to float32.
    expect(bound).toBeCloseTo(tree - 2 * pi.reduce((a, b) => a + b, 0) - raised.rebate, 5);
    expect(edges).toHaveLength(2 * 60);
    let weight = 0;
    for (let e = 0; e < edges.length; e += 2) weight += cost(edges[e]!, edges[e + 1]!);
    expect(weight).toBeCloseTo(tree, 5);
  });

  it('rises by branching, and stays at or below the optimum', () => {
    const matrix = trianglesAndPaths();
    const optimum = measure(matrix, exactOrder(matrix, true), true);
    const space = createSpace(matrix, true);
    const root = heldKarp(space, space.nearest(5), optimum, {
      steps: 300,
      timeUsed: () => 0,
      // Going on from somewhere, it does without cuts.
      from: new Float64Array(12),
    });
    expect(root.bound).toBeLessThan(0.95 * optimum);
    const grow = (nodes: number): number =>
      branchedBound(matrix, root, optimum, { nodes, expired: () => false });
    expect(grow(0)).toBe(root.bound);
    expect(grow(20)).toBeGreaterThan(root.bound + 1e-3);
    expect(grow(20)).toBeLessThanOrEqual(optimum);
    expect(grow(2000)).toBeCloseTo(optimum, 6);
  });

  it('never lifts a bound above the optimum by branching', () => {
    for (let seed = 0; seed < 20; seed++) {
      const n = 8 + (seed % 6);
      const matrix = seed % 2 ? randomCities(n, seed) : randomMatrix(n, seed);
      const optimum = measure(matrix, exactOrder(matrix, true), true);
      const space = createSpace(matrix, true);
      const upper = 1.05 * optimum;
      // A short ascent leaves something to branch on.
      const root = heldKarp(space, space.nearest(5), upper, { steps: 5, timeUsed: () => 0 });
      const bound = branchedBound(matrix, root, upper, { nodes: 30, expired: () => false });
      expect(bound).toBeGreaterThanOrEqual(root.bound);
      expect(bound).toBeLessThanOrEqual(optimum * (1 + 1e-9));
    }
  });

  it('ends when its time is used up, still with a certificate', () => {
    const space = createSpace(randomCities(50, 1), true);
    const { bound } = heldKarp(space, space.nearest(6), 8, { steps: 1e9, timeUsed: () => 1 });
    expect(bound).toBeGreaterThan(0);
  });
});
