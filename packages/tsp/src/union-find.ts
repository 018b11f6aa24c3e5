/** Sets of numbers 0 .. n - 1 that can be joined; `find` names the set of a number by one of its members. */
export interface UnionFind {
  find(i: number): number;
  /** Joins the sets of i and j; the set is then named by that of j. */
  join(i: number, j: number): void;
}

/** Every number in a set of its own. */
export function createUnionFind(n: number): UnionFind {
  const above = Int32Array.from({ length: n }, (_, i) => i);
  const find = (from: number): number => {
    let i = from;
    while (above[i] !== i) {
      above[i] = above[above[i]!]!;
      i = above[i]!;
    }
    return i;
  };
  return {
    find,
    join(i, j) {
      above[find(i)] = find(j);
    },
  };
}
