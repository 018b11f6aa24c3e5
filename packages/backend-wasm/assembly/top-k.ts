// Selection of the k largest |scores| without a sort. Where the caller knows about where the k-th lies, one pass does. Else a
// sample tells about where, and three counts in one pass where to a few scores. Where the scores are not as the sample made
// them look, all that may still be meant are collected and searched.
import { selectAny } from './top-k-any';
import { selectWithin, UNDECIDED } from './top-k-near';
import { INFINITY_RANK, NAN_RANK, rank1, search, sum4, valueOf } from './top-k-ranks';

/** How many scores are worth a sample, and how many a sample takes. */
const SAMPLED_SIZE: i32 = 4096;
const SAMPLE_LEAST: i32 = 1024;
const SAMPLE_MOST: i32 = 8192;

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

/** The rank of the k-th where counts at three ranks leave few scores in doubt; UNDECIDED where they do not. */
function selectNear(
  scores: usize, size: i32, k: i32, values: usize, out: usize,
  high: i32, middle: i32, low: i32, scratch: usize,
): i32 {
  countThree(scores, size, high, middle, low, scratch);
  const inner = load<i32>(scratch, 4);
  const first = inner < k;
  const upper = first ? middle : high, lower = first ? low : middle;
  const under = first ? inner : load<i32>(scratch), reached = first ? load<i32>(scratch, 8) : inner;
  if (under >= k || reached < k) return UNDECIDED;
  const between = <f64>(reached - under);
  // The k-th lies near the proportional place: by chance a few roots of their number off, by shape less.
  const gap = <f64>(upper - lower) / between;
  const place = <f64>upper - gap * <f64>(k - under);
  const spread = gap * (4 + 3 * sqrt<f64>(between) + between / 64);
  const from = max<i32>(lower, <i32>(place - spread));
  const to = <i32>min<f64>(<f64>upper - 1, place + spread);
  return selectWithin(scores, size, k, values, out, from, to, scratch);
}

/** The rank of the k-th by a sample of the scores; UNDECIDED where it misleads. */
function selectSampled(
  scores: usize, size: i32, k: i32, values: usize, out: usize, scratch: usize,
): i32 {
  const count = max(SAMPLE_LEAST, min(SAMPLE_MOST, size >> 6));
  sample(scores, size, count, scratch);
  const share = <f64>k / <f64>size;
  const center = share * <f64>count;
  // Three standard deviations of the number of draws above the threshold.
  const margin = 2 + <i32>(3 * sqrt<f64>(center * (1 - share)));
  const upper = <i32>center - margin, lower = <i32>center + margin;
  let low = NAN_RANK, high = INFINITY_RANK;
  if (lower <= count) low = search(scratch, count, lower, margin >> 3, NAN_RANK, INFINITY_RANK);
  if (upper >= 1) high = search(scratch, count, upper, margin >> 3, NAN_RANK, INFINITY_RANK);
  if (low > NAN_RANK && high < INFINITY_RANK && low < high) {
    const middle = search(scratch, count, <i32>center, margin >> 3, NAN_RANK, INFINITY_RANK);
    const found = selectNear(scores, size, k, values, out, high, middle, low, scratch);
    if (found != UNDECIDED) return found;
  }
  return selectAny(scores, size, k, values, out, low, high, scratch);
}

/**
 * out = value at the k largest |scores|, ties to the lower index, NaN last, and 0 elsewhere. Gives about the rank of the k-th,
 * which is exact where few scores are near it; k is 1 or more.
 *
 * `values` 0 stands for ones. [low, high] is a bracket of ranks where the k-th may lie, low > high for none. Scratch: `size` / 4
 * bytes + 8 for each of the larger of 4,096 and `size` / 32, + 32.
 */
export function keepTopK(
  scores: usize, size: i32, k: i32, values: usize, out: usize, low: i32, high: i32, scratch: usize,
): i32 {
  low = max(low, NAN_RANK + 1);
  high = min(high, INFINITY_RANK);
  if (low <= high) {
    const found = selectWithin(scores, size, k, values, out, low, high, scratch);
    if (found != UNDECIDED) return found;
  }
  if (size < SAMPLED_SIZE) {
    return selectAny(scores, size, k, values, out, NAN_RANK, INFINITY_RANK, scratch);
  }
  return selectSampled(scores, size, k, values, out, scratch);
}
