import type { SquareMatrix } from './matrix.ts';

/** A minimum spanning tree of all cities but the last: `parent[i]`, at reduced cost `key[i]`, from root 0. */
export interface SpanningTree {
  readonly parent: Int32Array;
  readonly key: Float64Array;
}

/** Finds a spanning tree of cities 0 .. n - 2 that is minimal under d[i, j] + pi[i] + pi[j]. */
export type DenseTree = (pi: Float64Array) => SpanningTree;

/** Prim's algorithm on the whole matrix; ties go to the lower index, as in the compiled kernel. */
export function portableDenseTree({ n, data }: SquareMatrix): DenseTree {
  const s = n - 1;
  return (pi) => {
    const parent = new Int32Array(s);
    const cost = new Float64Array(s);
    const key = new Float64Array(s).fill(Infinity);
    const open = pi.slice(0, s);
    // An infinite penalty takes a city out of the running, with no test in the inner loop.
    open[0] = Infinity;
    let newest = 0;
    for (let left = s - 1; left > 0; left--) {
      const row = newest * n;
      const offset = pi[newest]!;
      let best = Infinity;
      let at = 0;
      for (let j = 0; j < s; j++) {
        const reduced = data[row + j]! + offset + open[j]!;
        let known = key[j]!;
        if (reduced < known) {
          known = reduced;
          key[j] = reduced;
          parent[j] = newest;
        }
        if (known < best) {
          best = known;
          at = j;
        }
      }
      cost[at] = best;
      newest = at;
      key[at] = Infinity;
      open[at] = Infinity;
    }
    return { parent, key: cost };
  };
}
