// What the selection of the k largest |scores| counts with: ranks, integers in the order of |x|.

/** All NaN are equal and below 0. */
export const NAN_RANK: i32 = 0x007ffffe;
export const INFINITY_RANK: i32 = 0x7fffffff;

// @ts-ignore: decorator
@inline
export function rank4(at: usize): v128 {
  const size = v128.and(v128.load(at), i32x4.splat(0x7fffffff));
  // Infinity lands on the largest integer; what lies beyond it, NaN, wraps to the negative ones.
  return i32x4.max_s(i32x4.add(size, i32x4.splat(0x007fffff)), i32x4.splat(NAN_RANK));
}

// @ts-ignore: decorator
@inline
export function rank1(at: usize): i32 {
  return max((load<i32>(at) & 0x7fffffff) + 0x007fffff, NAN_RANK);
}

// @ts-ignore: decorator
@inline
export function sum4(v: v128): i32 {
  return (
    i32x4.extract_lane(v, 0) + i32x4.extract_lane(v, 1) + (i32x4.extract_lane(v, 2) + i32x4.extract_lane(v, 3))
  );
}

/** How many of `count` ranks are at least `bound`. */
export function atLeast(ranks: usize, count: i32, bound: i32): i32 {
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
export function search(ranks: usize, count: i32, wanted: i32, slack: i32, low: i32, high: i32): i32 {
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

/** The value at a distance in bytes; without values, one. */
// @ts-ignore: decorator
@inline
export function valueAt(values: usize, at: usize): f32 {
  return values ? load<f32>(values + at) : 1;
}

/** The |score| of a rank, which is none of NaN. */
// @ts-ignore: decorator
@inline
export function valueOf(rank: i32): v128 {
  return i32x4.splat(rank - 0x007fffff);
}
