// Selection in one pass, where it is known about where the k-th largest lies: what is above the bracket is written, what is
// below left out, and the blocks that hold the few scores inside are listed, to be told apart afterwards. The counts
// say whether the bracket was right; a wrong one costs the pass and nothing else.
import { atLeast, rank1, search, sum4, valueAt, valueOf } from './top-k-ranks';

/** What {@link selectWithin} returns for a bracket that does not hold the k-th, or holds too many. */
export const UNDECIDED: i32 = i32.MIN_VALUE;

/** How many scores inside a bracket are told apart one by one. */
// @ts-ignore: decorator
@inline
export function listedMost(size: i32): i32 {
  return max(4096, size >> 5);
}

/** value where the score is above `top`, 0 elsewhere. */
// @ts-ignore: decorator
@inline
function kept(above: v128, values: usize, ones: bool): v128 {
  return v128.and(above, ones ? f32x4.splat(1) : v128.load(values));
}

/**
 * out = value above `high`, 0 elsewhere, for scores up to `end`, of which there are whole blocks of 16; lists the blocks with one
 * score in [low, high] or more. Gives the end of the list, and stores at `above` how many scores lie above. `low` and `high`
 * are ranks of no NaN.
 */
// @ts-ignore: decorator
@inline
function writeAbove(
  scores: usize, end: usize, low: i32, high: i32, values: usize, out: usize, ones: bool, blocks: usize, above: usize,
): usize {
  const bits = i32x4.splat(0x7fffffff), top = valueOf(high), bottom = valueOf(low), width = i32x4.splat(high - low);
  let over = i32x4.splat(0);
  for (let p = scores; p < end; p += 64, out += 64) {
    const a = v128.and(v128.load(p), bits), b = v128.and(v128.load(p, 16), bits);
    const c = v128.and(v128.load(p, 32), bits), d = v128.and(v128.load(p, 48), bits);
    // As numbers, where NaN is above nothing.
    const ga = f32x4.gt(a, top), gb = f32x4.gt(b, top), gc = f32x4.gt(c, top), gd = f32x4.gt(d, top);
    v128.store(out, kept(ga, values, ones));
    v128.store(out, kept(gb, values + 16, ones), 16);
    v128.store(out, kept(gc, values + 32, ones), 32);
    v128.store(out, kept(gd, values + 48, ones), 48);
    if (!ones) values += 64;
    over = i32x4.sub(over, i32x4.add(i32x4.add(ga, gb), i32x4.add(gc, gd)));
    // As integers, where what is below the bracket is far above it.
    const near = i32x4.min_u(
      i32x4.min_u(i32x4.sub(a, bottom), i32x4.sub(b, bottom)),
      i32x4.min_u(i32x4.sub(c, bottom), i32x4.sub(d, bottom)),
    );
    // Listed always, and kept on a hit: no branch to mispredict.
    store<usize>(blocks, p);
    blocks += <usize>i32(v128.any_true(i32x4.le_u(near, width))) << 2;
  }
  store<i32>(above, sum4(over));
  return blocks;
}

/** Which of the four scores have ranks in [low, high], as bits. */
// @ts-ignore: decorator
@inline
function within(at: usize, bottom: v128, width: v128): i32 {
  const size = v128.and(v128.load(at), i32x4.splat(0x7fffffff));
  return i32x4.bitmask(i32x4.le_u(i32x4.sub(size, bottom), width));
}

/**
 * Writes the values of the k largest and returns the rank of the k-th, where that is in [low, high] with few others; else
 * UNDECIDED, the result being unfinished. Scratch: 16 bytes, 4 for each block of 16 scores, and 8 for each of `listedMost`.
 */
export function selectWithin(
  scores: usize, size: i32, k: i32, values: usize, out: usize, low: i32, high: i32, scratch: usize,
): i32 {
  const whole = size & ~15, most = listedMost(size), end = scores + (<usize>whole << 2);
  const blocks = scratch + 16, places = blocks + (whole >> 2) + 4, ranks = places + (most << 2);
  const listed = values
    ? writeAbove(scores, end, low, high, values, out, false, blocks, scratch)
    : writeAbove(scores, end, low, high, 0, out, true, blocks, scratch);
  let over = load<i32>(scratch), inside = 0;
  const bottom = valueOf(low), width = i32x4.splat(high - low);
  for (let block = blocks; block < listed; block += 4) {
    if (inside + 16 > most) return UNDECIDED;
    const p = load<usize>(block);
    let set = within(p, bottom, width) | (within(p + 16, bottom, width) << 4) |
      (within(p + 32, bottom, width) << 8) | (within(p + 48, bottom, width) << 12);
    for (; set; set &= set - 1, inside++) {
      const at = p + (ctz(set) << 2);
      store<usize>(places + (inside << 2), at - scores);
      store<i32>(ranks + (inside << 2), rank1(at));
    }
  }
  if (inside + 16 > most) return UNDECIDED;
  for (let at = <usize>whole << 2; at < <usize>size << 2; at += 4) {
    const r = rank1(scores + at);
    store<f32>(out + at, r > high ? valueAt(values, at) : 0);
    over += i32(r > high);
    if (r < low || r > high) continue;
    store<usize>(places + (inside << 2), at);
    store<i32>(ranks + (inside++ << 2), r);
  }
  if (over >= k || over + inside < k) return UNDECIDED;
  const bound = search(ranks, inside, k - over, 0, low, high);
  let dropped = over + atLeast(ranks, inside, bound) - k;
  let least = high;
  for (let n = inside - 1; n >= 0; n--) {
    const r = load<i32>(ranks + (n << 2)), at = load<usize>(places + (n << 2));
    let keep = r >= bound;
    // Ties beyond k: the last ones are dropped.
    if (r == bound && dropped > 0) {
      keep = false;
      dropped--;
    }
    if (keep) least = min(least, r);
    store<f32>(out + at, keep ? valueAt(values, at) : 0);
  }
  return least;
}
