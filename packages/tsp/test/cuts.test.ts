import { rng, stream } from '@pleat/random';
import { describe, expect, it } from 'vitest';
import { findCuts } from '../src/cuts.ts';
import { exactOrder } from '../src/exact.ts';
import { heldKarp, raise } from '../src/held-karp.ts';
import { type SquareMatrix, solve } from '../src/index.ts';
import { nearest, pairs } from '../src/neighbours.ts';
import { createPrices } from '../src/prices.ts';
import { createRadixSort } from '../src/radix-sort.ts';
import { createSpace, portableSpace } from '../src/space.ts';
import { createSparseGraph } from '../src/sparse-graph.ts';
import { createSparseTree } from '../src/sparse-tree.ts';
import { fromDistance, measure, randomCities, randomMatrix } from './instances.ts';

/** All edges between the cities 0 .. n - 1. */
function complete(n: number): Int32Array {
  const edges: number[] = [];
  for (let i = 0; i < n; i++) for (let j = 0; j < i; j++) edges.push(i, j);
  return Int32Array.from(edges);
}

/** Two triangles whose corners are joined by paths of `inner` cities each; the last city lies far off. */
function prism(inner: number): SquareMatrix {
  const n = 6 + 3 * inner + 1;
  const matrix = fromDistance(n, (i, j) => (i === n - 1 || j === n - 1 ? 3 * n : n));
  const link = (i: number, j: number): void => {
    matrix.data[i * n + j] = matrix.data[j * n + i] = 1;
  };
  for (let c = 0; c < 3; c++) {
    link(c, (c + 1) % 3);
    link(3 + c, 3 + ((c + 1) % 3));
    const path = [c, ...Array.from({ length: inner }, (_, k) => 6 + c * inner + k), 3 + c];
    for (let k = 0; k + 1 < path.length; k++) link(path[k]!, path[k + 1]!);
  }
  return matrix;
}

describe('the sort by float32 keys', () => {
  it.each([0, 1, 2, 7, 5000])(
    'puts %i keys of any sign and size in order, ties as they came',
    (n) => {
      const random = rng(stream(n, 'test/keys'));
      const sort = createRadixSort(n);
      for (const scale of [1, 1e-30, 1e30]) {
        for (let i = 0; i < n; i++) sort.keys[i] = random.normal() * scale;
        for (let i = 3; i < n; i += 5) sort.keys[i] = sort.keys[i - 1]!;
        const expected = Array.from({ length: n }, (_, i) => i);
        expected.sort((a, b) => sort.keys[a]! - sort.keys[b]! || a - b);
        expect([...sort.run()]).toEqual(expected);
      }
    },
  );
});

describe('the sparse tree', () => {
  it('weighs what the dense one does where the graph has its edges', () => {
    for (const n of [5, 30, 101]) {
      for (const matrix of [randomCities(n, n), randomMatrix(n, n)]) {
        const random = rng(stream(n, 'test/pi'));
        const pi = Float64Array.from({ length: n }, () => random.normal());
        const { key, parent } = portableSpace(matrix, n).spanningTree(pi);
        const edges = Int32Array.from([...parent.keys()].slice(1).flatMap((i) => [i, parent[i]!]));
        const graph = createSparseGraph(matrix);
        graph.add([pairs(nearest(matrix, 4)), edges]);
        const degree = new Int32Array(n);
        const weight = createSparseTree(graph).measure(pi, degree);
        expect(weight).toBeCloseTo(
          key.slice(1).reduce((a, b) => a + b, 0),
          3,
        );
        expect(degree.reduce((a, b) => a + b, 0)).toBe(2 * (n - 2));
        expect(degree[n - 1]).toBe(0);
      }
    }
  });

  it('keeps the numbers of edges when more are added, each once', () => {
    const matrix = randomCities(6, 1);
    const graph = createSparseGraph(matrix);
    expect(graph.add([Int32Array.of(0, 1, 1, 0, 2, 1, 3, 5)])).toEqual([0, 1]);
    expect(graph.add([Int32Array.of(4, 3, 1, 2, 0, 2)])).toEqual([2, 3]);
    expect([...graph.ends]).toEqual([0, 1, 1, 2, 3, 4, 0, 2]);
    expect([...graph.cost]).toEqual([1, 8, 22, 2].map((at) => matrix.data[at]!));
    const { start, to } = graph.around();
    const neighbours = [...to.subarray(start[2]!, start[3]!)];
    expect(neighbours).toEqual([1, 0]);
  });
});

describe('cuts', () => {
  it('are the blossom of a triangle in halves with three teeth', () => {
    const matrix = prism(1);
    const graph = createSparseGraph(matrix);
    graph.add([
      Int32Array.of(0, 1, 1, 2, 2, 0, 3, 4, 4, 5, 5, 3, 0, 6, 6, 3, 1, 7, 7, 4, 2, 8, 8, 5),
    ]);
    const usage = Float64Array.from({ length: 12 }, (_, e) => (e < 6 ? 0.5 : 1));
    const cuts = findCuts(graph, usage);
    expect(cuts[0]).toEqual({
      handle: [0, 1, 2],
      teeth: [6, 8, 10],
      edges: [6, 8, 10, 0, 2, 1],
      most: 4,
    });
    expect(new Set(cuts.map(({ handle }) => `${handle}`))).toEqual(new Set(['0,1,2', '3,4,5']));
    expect(findCuts(graph, usage.fill(1))).toEqual([]);
  });

  it('hold for every tour, whatever usage they are found in', () => {
    let found = 0;
    for (let seed = 0; seed < 60; seed++) {
      const n = 10 + (seed % 15);
      const random = rng(stream(seed, 'test/usage'));
      const graph = createSparseGraph(randomCities(n, seed));
      graph.add([complete(n)]);
      const usage = Float64Array.from({ length: graph.count }, () => random.integer(9) / 8);
      // Few edges in partial use, or all are one component.
      for (let e = 0; e < graph.count; e++)
        if (random.uniform() < 0.9) usage[e] = usage[e]! < 0.9 ? 0 : 1;
      for (const { handle, edges, teeth, most } of [findCuts(graph, usage)].flat()) {
        found++;
        expect(teeth.length % 2).toBe(1);
        expect(most).toBe(handle.length + (teeth.length - 1) / 2);
        const counted = new Set(edges.map((e) => `${graph.ends[2 * e]} ${graph.ends[2 * e + 1]}`));
        for (let trial = 0; trial < 200; trial++) {
          const tour = Array.from({ length: n }, (_, i) => i);
          for (let i = n - 1; i > 0; i--) {
            const j = random.integer(i + 1);
            [tour[i], tour[j]] = [tour[j]!, tour[i]!];
          }
          const used = tour.filter((city, k) => {
            const other = tour[(k + 1) % n]!;
            return counted.has(`${Math.min(city, other)} ${Math.max(city, other)}`);
          });
          expect(used.length).toBeLessThanOrEqual(most);
        }
      }
    }
    expect(found).toBeGreaterThan(20);
  });

  it('raise costs in the graph and in the matrix alike, also of edges added later', () => {
    const matrix = prism(1);
    const { n } = matrix;
    const before = matrix.data.slice();
    const graph = createSparseGraph(matrix);
    graph.add([Int32Array.of(0, 1, 1, 2, 0, 6, 6, 3, 1, 7, 7, 4, 2, 8, 8, 5, 3, 4, 4, 5)]);
    graph.add([Int32Array.of(3, 5)]);
    const tree = createSparseTree(graph);
    const prices = createPrices(graph, tree);
    const degree = new Int32Array(n);
    // Trees that use the paths always and the sides of the triangles in turn.
    const pi = new Float64Array(n);
    for (let k = 0; k < 12; k++) {
      graph.cost.fill(0.5);
      for (const e of [0, 1, 8, 9, 10]) graph.cost[e] = 1 + ((e + k) % 3);
      tree.measure(pi, degree);
      prices.slope();
    }
    for (let e = 0; e < graph.count; e++) graph.cost[e] = 1;
    prices.find();
    prices.slope();
    prices.move(-1, 0);
    // Prices do not fall below zero.
    prices.mark();
    expect(prices.raised().by.every((by) => by >= 0)).toBe(true);
    tree.measure(pi, degree);
    prices.slope();
    prices.move(1, 0);
    prices.add([Int32Array.of(0, 2)]);
    prices.mark();
    const raised = prices.raised();
    expect(raised.by.length).toBeGreaterThan(0);
    expect(raised.ends.length).toBe(2 * raised.by.length);
    for (let k = 0; k < raised.by.length; k++) {
      const [i, j] = [raised.ends[2 * k]!, raised.ends[2 * k + 1]!];
      const edge = [...Array(graph.count).keys()].find(
        (e) => graph.ends[2 * e] === i && graph.ends[2 * e + 1] === j,
      )!;
      expect(graph.cost[edge]).toBeCloseTo(1 + raised.by[k]!, 12);
    }
    const restore = raise(matrix, raised);
    for (let k = 0; k < raised.by.length; k++) {
      const [i, j] = [raised.ends[2 * k]!, raised.ends[2 * k + 1]!];
      const cost = before[i * n + j]! + raised.by[k]!;
      expect(matrix.data[i * n + j]).toBeLessThanOrEqual(cost);
      expect(matrix.data[i * n + j]).toBeGreaterThan(cost * (1 - 1e-6));
      expect(matrix.data[j * n + i]).toBe(matrix.data[i * n + j]);
    }
    restore();
    expect(matrix.data).toEqual(before);
  });

  it('take the better part of what penalties leave between the bound and the tour', () => {
    const left = { penalties: 0, cuts: 0 };
    for (let seed = 0; seed < 5; seed++) {
      const matrix = randomCities(100, seed);
      const { length } = solve(matrix, { closed: true, kicks: 5000 });
      const space = createSpace(matrix, true);
      const budget = { steps: 1000, timeUsed: () => 0 };
      const alone = heldKarp(space, space.nearest(8), length, {
        ...budget,
        from: new Float64Array(100),
      });
      const cut = heldKarp(space, space.nearest(8), length, budget);
      expect(alone.raised.by).toHaveLength(0);
      left.penalties += length - alone.bound;
      left.cuts += length - cut.bound;
    }
    expect(left.cuts).toBeLessThan(0.5 * left.penalties);
    expect(left.cuts).toBeGreaterThan(0);
  });

  it('never lift a bound above the optimum', () => {
    for (let seed = 0; seed < 60; seed++) {
      const n = 8 + (seed % 5);
      const matrix =
        seed % 3 === 0
          ? randomMatrix(n, seed)
          : seed % 3 === 1
            ? randomCities(n, seed)
            : fromDistance(n, (i, j) => 1 + ((i * j * (seed + 1)) % 3));
      const optimum = measure(matrix, exactOrder(matrix, true), true);
      for (const space of [createSpace(matrix, true), portableSpace(matrix, n)]) {
        const before = matrix.data.slice();
        const { bound, raised } = heldKarp(space, space.nearest(5), 1.02 * optimum, {
          steps: 400,
          timeUsed: () => 0,
        });
        expect(bound).toBeLessThanOrEqual(optimum * (1 + 1e-9));
        expect(raised.rebate).toBeGreaterThanOrEqual(0);
        expect(matrix.data).toEqual(before);
      }
    }
  });
});
