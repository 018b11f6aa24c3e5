// Selection of the k largest |scores| without a sort. A sample tells about where the threshold lies, and three
// counts in one pass where it lies to a few scores; a second pass writes the mask and lists these few, among
// which a search by counting decides. Where the scores are not as the sample made them look, all that may
// still be meant are collected and searched.

/** Ranks: integers in the order of |x|, all NaN equal and below 0. */
const NAN_RANK: i32 = 0x007ffffe;
const INFINITY_RANK: i32 = 0x7fffffff;

// @ts-ignore: decorator
@inline
function rank4(at: usize): v128 {
  const size = v128.and(v128.load(at), i32x4.splat(0x7fffffff));
  // Infinity lands on the largest integer; what lies beyond it, NaN, wraps to the negative ones.
  return i32x4.max_s(i32x4.add(size, i32x4.splat(0x007fffff)), i32x4.splat(NAN_RANK));
}

// @ts-ignore: decorator
@inline
function rank1(at: usize): i32 {
  return max((load<i32>(at) & 0x7fffffff) + 0x007fffff, NAN_RANK);
}

// @ts-ignore: decorator
@inline
function sum4(v: v128): i32 {
  return (
    i32x4.extract_lane(v, 0) + i32x4.extract_lane(v, 1) + (i32x4.extract_lane(v, 2) + i32x4.extract_lane(v, 3))
  );
}

/** How many of `count` ranks are at least `bound`. */
function atLeast(ranks: usize, count: i32, bound: i32): i32 {
  const below = i32x4.splat(bound - 1);
  let s0 = i32x4.splat(0), s1 = s0, s2 = s0, s3 = s0;
  let i = 0;
  for (; i + 16 <= count; i += 16, ranks += 64) {
    s0 = i32x4.sub(s0, i32x4.gt_s(v128.load(ranks), below));
    s1 = i32x4.sub(s1, i32x4.gt_s(v128.load(ranks, 16), below));
    s2 = i32x4.sub(s2, i32x4.gt_s(v128.load(ranks, 32), below));
    s3 = i32x4.sub(s3, i32x4.gt_s(v128.load(ranks, 48), below));
  }
  let found = sum4(i32x4.add(i32x4.add(s0, s1), i32x4.add(s2, s3)));
  for (; i < count; i++, ranks += 4) found += i32(load<i32>(ranks) >= bound);
  return found;
}

/**
 * The largest bound that at least `wanted` (1 or more) of the ranks in [low, high] reach, or one near it
 * which exactly `wanted` + 0..slack of them reach. All ranks must be at least low.
 */
function search(ranks: usize, count: i32, wanted: i32, slack: i32, low: i32, high: i32): i32 {
  let from = <i64>low, to = <i64>high + 1;
  let above = count, under = 0;
  for (let turn = 0; to - from > 1; turn++) {
    // Where the ranks are spread evenly the proportion hits; every third turn halves, whatever they are.
    const gap = to - from;
    let step = gap >> 1;
    if (turn % 3 != 2 && gap < 1 << 26) {
      step = <i64>(<f64>gap * (<f64>(above - wanted) + 0.5) / <f64>(above - under));
      step = max<i64>(1, min<i64>(gap - 1, step));
    }
    const bound = from + step;
    const reached = atLeast(ranks, count, <i32>bound);
    if (reached >= wanted) {
      from = bound;
      above = reached;
      if (reached - wanted <= slack) break;
    } else {
      to = bound;
      under = reached;
    }
  }
  return <i32>from;
}

/** Ranks of about `count` scores, one drawn out of each run of equal length. */
function sample(scores: usize, size: i32, count: i32, out: usize): void {
  const run = <u32>(size / count);
  let draw: u32 = 0;
  for (let i: u32 = 0; i < <u32>count; i++) {
    // Not one place in every run: scores may have a period.
    draw += 0x9e3779b1;
    const place = i * run + <u32>((<u64>draw * run) >> 32);
    store<i32>(out + (i << 2), rank1(scores + (place << 2)));
  }
}

/** For each set of lanes, the bytes that bring them together at the front: 16 x 16 bytes. */
function packingTable(table: usize): void {
  for (let set = 0; set < 16; set++) {
    let to = table + (set << 4);
    v128.store(to, i32x4.splat(0));
    for (let lane = 0; lane < 4; lane++) {
      if (!((set >> lane) & 1)) continue;
      store<u32>(to, 0x03020100 + 0x04040404 * lane);
      to += 4;
    }
  }
}

/**
 * Collects the ranks in [low, high] in `out`, in no need of room beyond `size`, and returns how many; how
 * many lie above goes to `above`.
 */
function collect(scores: usize, size: i32, low: i32, high: i32, out: usize, table: usize, above: usize): i32 {
  const under = i32x4.splat(low - 1), top = i32x4.splat(high);
  let over = i32x4.splat(0);
  let to = out;
  let i = 0;
  for (; i + 4 <= size; i += 4) {
    const r = rank4(scores + (i << 2));
    const beyond = i32x4.gt_s(r, top);
    over = i32x4.sub(over, beyond);
    const set = i32x4.bitmask(v128.andnot(i32x4.gt_s(r, under), beyond));
    // Four at a time without a branch; what is too much is written over by the next.
    v128.store(to, i8x16.swizzle(r, v128.load(table + (<usize>set << 4))));
    to += <usize>popcnt(set) << 2;
  }
  let more = sum4(over);
  for (; i < size; i++) {
    const r = rank1(scores + (i << 2));
    more += i32(r > high);
    if (r < low || r > high) continue;
    store<i32>(to, r);
    to += 4;
  }
  store<i32>(above, more);
  return <i32>((to - out) >> 2);
}

/** mask = 1 where the rank is above `bound`, from score `first` up to `last`. */
function write(scores: usize, first: i32, last: i32, bound: i32, mask: usize): void {
  const below = i32x4.splat(bound), one = f32x4.splat(1);
  let i = first;
  for (; i + 4 <= last; i += 4) {
    v128.store(mask + (i << 2), v128.and(i32x4.gt_s(rank4(scores + (i << 2)), below), one));
  }
  for (; i < last; i++) store<f32>(mask + (i << 2), rank1(scores + (i << 2)) > bound ? 1 : 0);
}

/** The |score| of a rank, which is none of NaN. */
// @ts-ignore: decorator
@inline
function valueOf(rank: i32): v128 {
  return i32x4.splat(rank - 0x007fffff);
}

/** How many scores reach each of three ranks that are none of NaN: to counts [3]. */
function countThree(scores: usize, size: i32, first: i32, second: i32, third: i32, counts: usize): void {
  const a = valueOf(first), b = valueOf(second), c = valueOf(third);
  let s = i32x4.splat(0), t = s, u = s;
  let i = 0;
  let p = scores;
  for (; i + 16 <= size; i += 16, p += 64) {
    let v = f32x4.abs(v128.load(p));
    s = i32x4.sub(s, f32x4.ge(v, a)); t = i32x4.sub(t, f32x4.ge(v, b)); u = i32x4.sub(u, f32x4.ge(v, c));
    v = f32x4.abs(v128.load(p, 16));
    s = i32x4.sub(s, f32x4.ge(v, a)); t = i32x4.sub(t, f32x4.ge(v, b)); u = i32x4.sub(u, f32x4.ge(v, c));
    v = f32x4.abs(v128.load(p, 32));
    s = i32x4.sub(s, f32x4.ge(v, a)); t = i32x4.sub(t, f32x4.ge(v, b)); u = i32x4.sub(u, f32x4.ge(v, c));
    v = f32x4.abs(v128.load(p, 48));
    s = i32x4.sub(s, f32x4.ge(v, a)); t = i32x4.sub(t, f32x4.ge(v, b)); u = i32x4.sub(u, f32x4.ge(v, c));
  }
  let x = sum4(s), y = sum4(t), z = sum4(u);
  for (; i < size; i++, p += 4) {
    const r = rank1(p);
    x += i32(r >= first);
    y += i32(r >= second);
    z += i32(r >= third);
  }
  store<i32>(counts, x);
  store<i32>(counts, y, 4);
  store<i32>(counts, z, 8);
}

/**
 * mask = 1 above `high`, and the places of ranks in [low, high] in `places`; returns how many these are, or
 * -1 when they are too many. How many lie above goes to `above`.
 */
function writeAndList(
  scores: usize, size: i32, low: i32, high: i32, mask: usize, places: usize, above: usize,
): i32 {
  const bottom = valueOf(low), top = valueOf(high), one = f32x4.splat(1);
  let over = i32x4.splat(0);
  let found = 0, i = 0;
  for (; i + 16 <= size; i += 16) {
    const p = scores + (i << 2), q = mask + (i << 2);
    const v0 = f32x4.abs(v128.load(p)), v1 = f32x4.abs(v128.load(p, 16));
    const v2 = f32x4.abs(v128.load(p, 32)), v3 = f32x4.abs(v128.load(p, 48));
    const g0 = f32x4.gt(v0, top), g1 = f32x4.gt(v1, top), g2 = f32x4.gt(v2, top), g3 = f32x4.gt(v3, top);
    v128.store(q, v128.and(g0, one));
    v128.store(q, v128.and(g1, one), 16);
    v128.store(q, v128.and(g2, one), 32);
    v128.store(q, v128.and(g3, one), 48);
    over = i32x4.sub(over, i32x4.add(i32x4.add(g0, g1), i32x4.add(g2, g3)));
    const n0 = v128.xor(f32x4.ge(v0, bottom), g0), n1 = v128.xor(f32x4.ge(v1, bottom), g1);
    const n2 = v128.xor(f32x4.ge(v2, bottom), g2), n3 = v128.xor(f32x4.ge(v3, bottom), g3);
    if (!v128.any_true(v128.or(v128.or(n0, n1), v128.or(n2, n3)))) continue;
    if (found + 16 > LISTED_MOST) return -1;
    let set = i32x4.bitmask(n0) | (i32x4.bitmask(n1) << 4) | (i32x4.bitmask(n2) << 8) | (i32x4.bitmask(n3) << 12);
    for (; set; set &= set - 1, found++) store<i32>(places + (found << 2), i + ctz(set));
  }
  let more = sum4(over);
  if (found + 16 > LISTED_MOST) return -1;
  for (; i < size; i++) {
    const r = rank1(scores + (i << 2));
    store<f32>(mask + (i << 2), r > high ? 1 : 0);
    more += i32(r > high);
    if (r >= low && r <= high) store<i32>(places + (found++ << 2), i);
  }
  store<i32>(above, more);
  return found;
}

/** How many scores are worth a sample, how many a sample takes, and how many are told apart one by one. */
const SAMPLED_SIZE: i32 = 4096;
const SAMPLE_LEAST: i32 = 1024;
const SAMPLE_MOST: i32 = 8192;
const LISTED_MOST: i32 = 4096;

/**
 * Writes the mask where counts at three ranks leave few scores in doubt; false, the mask being unfinished,
 * where they do not.
 */
function selectNear(
  scores: usize, size: i32, k: i32, mask: usize, high: i32, middle: i32, low: i32, scratch: usize,
): bool {
  countThree(scores, size, high, middle, low, scratch);
  const inner = load<i32>(scratch, 4);
  const first = inner < k;
  const upper = first ? middle : high, lower = first ? low : middle;
  const under = first ? inner : load<i32>(scratch), reached = first ? load<i32>(scratch, 8) : inner;
  if (under >= k || reached < k) return false;
  const between = <f64>(reached - under);
  // The k-th lies near the proportional place: by chance a few roots of their number off, by shape less.
  const gap = <f64>(upper - lower) / between;
  const place = <f64>upper - gap * <f64>(k - under);
  const spread = gap * (4 + 3 * sqrt<f64>(between) + between / 64);
  const from = max<i32>(lower, <i32>(place - spread));
  const to = <i32>min<f64>(<f64>upper - 1, place + spread);
  const places = scratch + 16, ranks = places + (LISTED_MOST << 2);
  const inside = writeAndList(scores, size, from, to, mask, places, scratch);
  const over = load<i32>(scratch);
  if (inside < 0 || over >= k || over + inside < k) return false;
  for (let i = 0; i < inside; i++) {
    store<i32>(ranks + (i << 2), rank1(scores + (load<i32>(places + (i << 2)) << 2)));
  }
  const bound = search(ranks, inside, k - over, 0, from, to);
  let dropped = over + atLeast(ranks, inside, bound) - k;
  for (let i = inside - 1; i >= 0; i--) {
    const r = load<i32>(ranks + (i << 2));
    let keep = r >= bound;
    if (r == bound && dropped > 0) {
      keep = false;
      dropped--;
    }
    store<f32>(mask + (load<i32>(places + (i << 2)) << 2), keep ? 1 : 0);
  }
  return true;
}

/** Writes the mask whatever the scores; the k-th is best in [low, high], and found if it is not. */
function selectAny(scores: usize, size: i32, k: i32, mask: usize, low: i32, high: i32, scratch: usize): void {
  const above = scratch + 256;
  packingTable(scratch);
  let inside: i32, over: i32;
  for (;;) {
    // The mask's own memory holds the ranks until the mask is written.
    inside = collect(scores, size, low, high, mask, scratch, above);
    over = load<i32>(above);
    if (over >= k) {
      low = high + 1;
      high = INFINITY_RANK;
    } else if (over + inside < k) {
      high = low - 1;
      low = NAN_RANK;
    } else {
      break;
    }
  }
  const bound = search(mask, inside, k - over, 0, low, high);
  let dropped = over + atLeast(mask, inside, bound) - k;
  // Ties at the bound beyond k: the last ones are dropped.
  let place = size;
  while (dropped > 0) {
    place--;
    if (rank1(scores + (place << 2)) == bound) dropped--;
  }
  write(scores, 0, place, bound - 1, mask);
  write(scores, place, size, bound, mask);
}

/** mask = 1 at the k largest |scores|, ties to the lower index, NaN last. One unit. Scratch: 32,784 bytes. */
export function topKMask(
  scores: usize, size: i32, k: i32, mask: usize,
  begin: i32, end: i32, scratch: usize,
): void {
  if (k <= 0) {
    memory.fill(mask, 0, <usize>size << 2);
    return;
  }
  let low = NAN_RANK, high = INFINITY_RANK;
  if (size >= SAMPLED_SIZE) {
    const count = max(SAMPLE_LEAST, min(SAMPLE_MOST, size >> 6));
    sample(scores, size, count, scratch);
    const share = <f64>k / <f64>size;
    const center = share * <f64>count;
    // Three standard deviations of the number of draws above the threshold.
    const margin = 2 + <i32>(3 * sqrt<f64>(center * (1 - share)));
    const upper = <i32>center - margin, lower = <i32>center + margin;
    if (lower <= count) low = search(scratch, count, lower, margin >> 3, NAN_RANK, INFINITY_RANK);
    if (upper >= 1) high = search(scratch, count, upper, margin >> 3, NAN_RANK, INFINITY_RANK);
    if (low > NAN_RANK && high < INFINITY_RANK && low < high) {
      const middle = search(scratch, count, <i32>center, margin >> 3, NAN_RANK, INFINITY_RANK);
      if (selectNear(scores, size, k, mask, high, middle, low, scratch)) return;
    }
  }
  selectAny(scores, size, k, mask, low, high, scratch);
}
