import type { SquareMatrix } from './matrix.ts';

/** Some of the edges between the cities 0 .. n - 2. Edges can be added; their numbers stay. */
export interface SparseGraph {
  readonly cities: number;
  readonly count: number;
  /** The two cities of each edge. */
  readonly ends: Int32Array;
  /** What each edge costs: its length, to which prices may be added. */
  readonly cost: Float64Array;
  /** The edges by city, as they are now. */
  around(): Around;
  /** Adds the edges it lacks of lists of pairs of cities; returns their numbers. Edges of the last city are left out. */
  add(lists: readonly Int32Array[]): number[];
}

/** City i has the places `start[i] .. start[i + 1]` in `to`, its neighbours, and `edge`, how they are reached. */
interface Around {
  readonly start: Int32Array;
  readonly to: Int32Array;
  readonly edge: Int32Array;
}

/** A graph without edges; `add` brings them. */
export function createSparseGraph({ n, data }: SquareMatrix): SparseGraph {
  const s = n - 1;
  // Half an edge 2 e or 2 e + 1 leads away from a city; `next` chains those of each.
  const newest = new Int32Array(s).fill(-1);
  let next = new Int32Array(0);
  let placed: Around | null = null;
  const graph = {
    cities: s,
    count: 0,
    ends: new Int32Array(0),
    cost: new Float64Array(0),
    // Most steps do without: it is made when it is asked for.
    around: (): Around => (placed ??= place()),
    add(lists: readonly Int32Array[]): number[] {
      const room = 2 * graph.count + lists.reduce((sum, { length }) => sum + length, 0);
      const ends = new Int32Array(room);
      const chained = new Int32Array(room);
      ends.set(graph.ends);
      chained.set(next);
      const added: number[] = [];
      let { count } = graph;
      for (const list of lists) {
        for (let e = 0; e < list.length; e += 2) {
          const i = Math.min(list[e]!, list[e + 1]!);
          const j = Math.max(list[e]!, list[e + 1]!);
          if (j === s) continue;
          let half = newest[i]!;
          while (half >= 0 && ends[half ^ 1] !== j) half = chained[half]!;
          if (half >= 0) continue;
          const away = 2 * count;
          ends[away] = i;
          ends[away + 1] = j;
          chained[away] = newest[i]!;
          chained[away + 1] = newest[j]!;
          newest[i] = away;
          newest[j] = away + 1;
          added.push(count++);
        }
      }
      next = chained.slice(0, 2 * count);
      graph.ends = ends.slice(0, 2 * count);
      graph.count = count;
      const cost = new Float64Array(count);
      cost.set(graph.cost);
      for (const e of added) cost[e] = data[ends[2 * e]! * n + ends[2 * e + 1]!]!;
      graph.cost = cost;
      placed = null;
      return added;
    },
  };

  function place(): Around {
    const { ends } = graph;
    const start = new Int32Array(s + 1);
    for (let k = 0; k < ends.length; k++) start[ends[k]! + 1]!++;
    for (let i = 0; i < s; i++) start[i + 1]! += start[i]!;
    const filled = start.slice();
    const to = new Int32Array(ends.length);
    const edge = new Int32Array(ends.length);
    for (let k = 0; k < ends.length; k++) {
      const at = filled[ends[k]!]!++;
      to[at] = ends[k ^ 1]!;
      edge[at] = k >> 1;
    }
    return { start, to, edge };
  }
  return graph;
}
