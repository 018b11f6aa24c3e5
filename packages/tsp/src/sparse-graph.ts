import type { SquareMatrix } from './matrix.ts';

/** Some of the edges between the cities 0 .. n - 2. Edges can be added; their numbers stay. */
export interface SparseGraph {
  readonly cities: number;
  readonly count: number;
  /** The two cities of each edge. */
  readonly ends: Int32Array;
  /** What each edge costs: its length, to which prices may be added. */
  readonly cost: Float64Array;
  /** City i has the places `start[i] .. start[i + 1]` in `to`, its neighbours, and `edge`, how they are reached. */
  readonly start: Int32Array;
  readonly to: Int32Array;
  readonly edge: Int32Array;
  /** Adds the edges it lacks of lists of pairs of cities; returns their numbers. Edges of the last city are left out. */
  add(lists: readonly Int32Array[]): number[];
}

/** A graph without edges; `add` brings them. */
export function createSparseGraph({ n, data }: SquareMatrix): SparseGraph {
  const s = n - 1;
  const known = new Map<number, number>();
  const graph = {
    cities: s,
    count: 0,
    ends: new Int32Array(0),
    cost: new Float64Array(0),
    start: new Int32Array(s + 1),
    to: new Int32Array(0),
    edge: new Int32Array(0),
    add(lists: readonly Int32Array[]): number[] {
      const added: number[] = [];
      const ends = Array.from(graph.ends);
      for (const list of lists) {
        for (let e = 0; e < list.length; e += 2) {
          const i = Math.min(list[e]!, list[e + 1]!);
          const j = Math.max(list[e]!, list[e + 1]!);
          if (j === s || known.has(i * n + j)) continue;
          added.push(known.size);
          known.set(i * n + j, known.size);
          ends.push(i, j);
        }
      }
      graph.count = known.size;
      graph.ends = Int32Array.from(ends);
      const cost = new Float64Array(graph.count);
      cost.set(graph.cost);
      for (const e of added) cost[e] = data[ends[2 * e]! * n + ends[2 * e + 1]!]!;
      graph.cost = cost;
      place();
      return added;
    },
  };

  function place(): void {
    const { ends } = graph;
    const start = new Int32Array(s + 1);
    for (const city of ends) start[city + 1]!++;
    for (let i = 0; i < s; i++) start[i + 1]! += start[i]!;
    const filled = start.slice();
    graph.start = start;
    graph.to = new Int32Array(ends.length);
    graph.edge = new Int32Array(ends.length);
    for (let k = 0; k < ends.length; k++) {
      const at = filled[ends[k]!]!++;
      graph.to[at] = ends[k ^ 1]!;
      graph.edge[at] = k >> 1;
    }
  }
  return graph;
}
