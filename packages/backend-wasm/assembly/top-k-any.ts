// Selection whatever the scores: all that may be meant are collected and searched.
import { atLeast, INFINITY_RANK, NAN_RANK, rank1, rank4, search, sum4, valueAt } from './top-k-ranks';

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

/** out = value where the rank is above `bound`, 0 elsewhere, from score `first` up to `last`. */
function write(scores: usize, first: i32, last: i32, bound: i32, values: usize, out: usize): void {
  const below = i32x4.splat(bound);
  let at = <usize>first << 2;
  const end = <usize>last << 2;
  for (; at + 16 <= end; at += 16) {
    const value = values ? v128.load(values + at) : f32x4.splat(1);
    v128.store(out + at, v128.and(i32x4.gt_s(rank4(scores + at), below), value));
  }
  for (; at < end; at += 4) store<f32>(out + at, rank1(scores + at) > bound ? valueAt(values, at) : 0);
}

/**
 * Writes the values of the k largest whatever the scores, and returns a rank from the k-th's down to above the next one's. The
 * k-th is best in [low, high], and found if it is not. Scratch: 260 bytes.
 */
export function selectAny(
  scores: usize, size: i32, k: i32, values: usize, out: usize, low: i32, high: i32, scratch: usize,
): i32 {
  const above = scratch + 256;
  packingTable(scratch);
  let inside: i32, over: i32;
  for (;;) {
    // The result's own memory holds the ranks until it is written.
    inside = collect(scores, size, low, high, out, scratch, above);
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
  const bound = search(out, inside, k - over, 0, low, high);
  let dropped = over + atLeast(out, inside, bound) - k;
  // Ties at the bound beyond k: the last ones are dropped.
  let place = size;
  while (dropped > 0) {
    place--;
    if (rank1(scores + (place << 2)) == bound) dropped--;
  }
  write(scores, 0, place, bound - 1, values, out);
  write(scores, place, size, bound, values, out);
  return bound;
}
