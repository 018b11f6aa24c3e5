/** A cyclic order of cities in which two edges are exchanged at the cost of the shorter side. */
export interface Tour {
  /** City at each position. */
  readonly order: Int32Array;
  /** Position of each city. */
  readonly position: Int32Array;
  /**
   * Removes the edges ab and cd, adds ac and bd. Needs b = next(a) and d = next(c), or b = previous(a)
   * and d = previous(c). `move2(a, c, b, d)` takes it back.
   */
  move2(a: number, b: number, c: number, d: number): void;
  next(city: number): number;
  previous(city: number): number;
}

/** A tour over the cities 0 .. n - 1 in the given order, which it copies. */
export function createTour(initial: Int32Array): Tour {
  const n = initial.length;
  const order = Int32Array.from(initial);
  const position = new Int32Array(n);
  for (let i = 0; i < n; i++) position[order[i]!] = i;

  const next = (city: number): number => {
    const i = position[city]! + 1;
    return order[i === n ? 0 : i]!;
  };
  const previous = (city: number): number => {
    const i = position[city]!;
    return order[i === 0 ? n - 1 : i - 1]!;
  };

  /** Reverses the path that runs forward from position i to position j, around the end if it must. */
  function reverse(i: number, j: number): void {
    let inside = j - i + 1;
    if (inside <= 0) inside += n;
    let low = i;
    let high = j;
    if (2 * inside > n) {
      // The same cycle results when the rest is turned round, and the rest is shorter.
      low = j + 1 === n ? 0 : j + 1;
      high = i === 0 ? n - 1 : i - 1;
      inside = n - inside;
    }
    for (let swaps = inside >> 1; swaps > 0; swaps--) {
      const x = order[low]!;
      const y = order[high]!;
      order[low] = y;
      position[y] = low;
      order[high] = x;
      position[x] = high;
      low = low + 1 === n ? 0 : low + 1;
      high = high === 0 ? n - 1 : high - 1;
    }
  }

  function move2(a: number, b: number, c: number, d: number): void {
    // a -> b ... c -> d: turn b .. c round. Or d <- c ... b <- a: turn a .. d round.
    if (next(a) === b) reverse(position[b]!, position[c]!);
    else reverse(position[a]!, position[d]!);
  }

  return { order, position, move2, next, previous };
}
