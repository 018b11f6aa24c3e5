import type { SquareMatrix } from './matrix.ts';
import type { Neighbours } from './neighbours.ts';
import { createQueue } from './queue.ts';
import type { Tour } from './tour.ts';

/** A tour under local search: what it costs to exchange edges, a queue of cities to look at, an undo log. */
export interface Search {
  readonly tour: Tour;
  /** Looks at a city again. */
  push(city: number): void;
  /** Exchanges edges and notes how to take it back. */
  apply(a: number, b: number, c: number, d: number): void;
  /** Works off the queue; returns by how much the tour got shorter. */
  run(): number;
  /** Takes back everything applied since the last `commit`. */
  rollback(): void;
  commit(): void;
}

/**
 * Or-3opt with candidate lists and a work queue: sequential exchanges of two and three edges, in both
 * directions, under the gain criterion (Lin & Kernighan 1973), evaluated before anything is reversed.
 *
 * Names as there: t1 t2 leaves, t2 t3 comes, t3 t4 leaves, t4 t5 comes, t5 t6 leaves, t6 t1 comes.
 */
export function createSearch(matrix: SquareMatrix, neighbours: Neighbours, tour: Tour): Search {
  const { n, data } = matrix;
  const { count, list } = neighbours;
  const { position, next, previous, move2 } = tour;
  const { push, shift } = createQueue(n);
  const log: number[] = [];
  // Distances to the candidates, side by side in memory.
  const near = new Float64Array(list.length);
  for (let k = 0; k < list.length; k++) {
    if (list[k]! >= 0) near[k] = data[((k / count) | 0) * n + list[k]!]!;
  }

  const distance = (i: number, j: number): number => data[i * n + j]!;

  function apply(a: number, b: number, c: number, d: number): void {
    move2(a, b, c, d);
    log.push(a, b, c, d);
  }

  /** Whether b lies on the path from a to c, walked forward. */
  function between(a: number, b: number, c: number): boolean {
    const i = position[a]!;
    const j = position[b]!;
    const k = position[c]!;
    return i <= k ? i <= j && j <= k : j >= i || j <= k;
  }

  /** Shortens the tour by leaving the edge from t1 forward (or backward), if it can; returns the gain. */
  function improve(t1: number, forward: boolean): number {
    const t2 = forward ? next(t1) : previous(t1);
    const d12 = distance(t1, t2);
    // Less than this is rounding, and taking it could go round in circles.
    const least = 1e-7 * d12;
    for (let k = t2 * count; k < (t2 + 1) * count; k++) {
      const t3 = list[k]!;
      const g1 = d12 - near[k]!;
      if (t3 < 0 || g1 <= 0) break;
      if (t3 === t1) continue;
      const gain =
        turnedGain(t1, t2, t3, g1, least, forward) || openedGain(t1, t2, t3, g1, least, forward);
      if (gain > 0) return gain;
    }
    return 0;
  }

  /** t4 on t2's side of t3: closing up turns the path t2 .. t4 round (2-opt), and a third edge may follow. */
  function turnedGain(
    t1: number,
    t2: number,
    t3: number,
    g1: number,
    least: number,
    forward: boolean,
  ): number {
    const t4 = forward ? previous(t3) : next(t3);
    if (t4 === t2) return 0;
    const g2 = g1 + distance(t3, t4);
    const closed = g2 - distance(t4, t1);
    if (closed > least) {
      apply(t1, t2, t4, t3);
      pushAll(t1, t2, t3, t4);
      return closed;
    }
    for (let l = t4 * count; l < (t4 + 1) * count; l++) {
      const t5 = list[l]!;
      const g3 = g2 - near[l]!;
      if (t5 < 0 || g3 <= 0) break;
      if (t5 === t3 || t5 === t1) continue;
      // On the turned path t2 .. t4 the edge towards t1 leads the other way.
      const turned = forward ? between(t2, t5, t4) : between(t4, t5, t2);
      const t6 = turned === forward ? next(t5) : previous(t5);
      const gain = g3 + distance(t5, t6) - distance(t6, t1);
      if (gain <= least) continue;
      apply(t1, t2, t4, t3);
      apply(t1, t4, t6, t5);
      pushAll(t1, t2, t3, t4);
      push(t5);
      push(t6);
      return gain;
    }
    return 0;
  }

  /** t4 beyond t3: t2 .. t3 becomes a cycle that t5 t6, inside it, must open again. */
  function openedGain(
    t1: number,
    t2: number,
    t3: number,
    g1: number,
    least: number,
    forward: boolean,
  ): number {
    const t4 = forward ? next(t3) : previous(t3);
    const g2 = g1 + distance(t3, t4);
    for (let l = t4 * count; l < (t4 + 1) * count; l++) {
      const t5 = list[l]!;
      const g3 = g2 - near[l]!;
      if (t5 < 0 || g3 <= 0) break;
      if (t5 === t3 || !(forward ? between(t2, t5, t3) : between(t3, t5, t2))) continue;
      const onward = forward ? next(t5) : previous(t5);
      const gainOn = g3 + distance(t5, onward) - distance(onward, t1);
      if (gainOn > least) {
        apply(t1, t2, t3, t4);
        apply(t1, t3, onward, t5);
        apply(t3, t5, t2, t4);
        pushAll(t1, t2, t3, t4);
        push(t5);
        push(onward);
        return gainOn;
      }
      if (t5 === t2) continue;
      const back = forward ? previous(t5) : next(t5);
      const gainBack = g3 + distance(t5, back) - distance(back, t1);
      if (gainBack > least) {
        apply(t1, t2, back, t5);
        apply(t2, t5, t3, t4);
        pushAll(t1, t2, t3, t4);
        push(t5);
        push(back);
        return gainBack;
      }
    }
    return 0;
  }

  function pushAll(a: number, b: number, c: number, d: number): void {
    push(a);
    push(b);
    push(c);
    push(d);
  }

  function run(): number {
    let total = 0;
    for (let city = shift(); city >= 0; city = shift()) {
      for (;;) {
        const gain = improve(city, true) || improve(city, false);
        if (gain === 0) break;
        total += gain;
      }
    }
    return total;
  }

  function rollback(): void {
    for (let i = log.length - 4; i >= 0; i -= 4) {
      move2(log[i]!, log[i + 2]!, log[i + 1]!, log[i + 3]!);
    }
    log.length = 0;
  }

  return {
    tour,
    push,
    apply,
    run,
    rollback,
    commit: () => {
      log.length = 0;
    },
  };
}
