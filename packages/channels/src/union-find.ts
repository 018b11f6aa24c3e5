/** Disjoint sets of whole numbers that grow on demand; the smallest member stands for its set. */
export class UnionFind {
  readonly #parent: number[] = [];

  /** Adds a number as a set of its own and returns it. */
  add(): number {
    return this.#parent.push(this.#parent.length) - 1;
  }

  /** The smallest member of the set. */
  find(member: number): number {
    const parent = this.#parent;
    let root = member;
    while (parent[root] !== root) root = parent[root] as number;
    for (let at = member; at !== root; ) {
      const next = parent[at] as number;
      parent[at] = root;
      at = next;
    }
    return root;
  }

  union(a: number, b: number): void {
    const first = this.find(a);
    const second = this.find(b);
    if (first < second) this.#parent[second] = first;
    else this.#parent[first] = second;
  }
}
