// The loops over whole matrices, in WebAssembly SIMD, and those of the ascent. The portable versions (src/neighbours.ts,
// src/dense-tree.ts, src/matrix.ts, src/l1.ts, src/sparse-tree.ts, src/penalties.ts) give the same bits.

// @ts-ignore: decorator
@inline
function lowPair(v: v128): v128 {
  return f64x2.promote_low_f32x4(v);
}

// @ts-ignore: decorator
@inline
function highPair(v: v128): v128 {
  return f64x2.promote_low_f32x4(v128.shuffle<i32>(v, v, 2, 3, 2, 3));
}

/** Puts city j into a row of `count` nearest, sorted; returns how many are filled. */
function insert(costs: usize, list: usize, count: i32, filled: i32, j: i32, cost: f64): i32 {
  let at = filled < count ? filled : count - 1;
  while (at > 0) {
    const before = costs + (<usize>(at - 1) << 3);
    const other = load<f64>(before);
    if (other <= cost) break;
    store<f64>(before, other, 8);
    const place = list + (<usize>(at - 1) << 2);
    store<i32>(place, load<i32>(place), 4);
    at--;
  }
  store<f64>(costs + (<usize>at << 3), cost);
  store<i32>(list + (<usize>at << 2), j);
  return filled < count ? filled + 1 : filled;
}

/**
 * For each of n cities the `count` least d[i, j] + penalty[j] to `list`. Rows of `data` may be read three entries past
 * their end; the penalties there are infinite. `costs` has room for `count` float64.
 */
export function nearest(data: usize, n: i32, penalty: usize, count: i32, list: usize, costs: usize): void {
  for (let i = 0; i < n; i++) {
    const own = penalty + (<usize>i << 3);
    const kept = load<f64>(own);
    // Nobody is a neighbour of itself.
    store<f64>(own, Infinity);
    let row = data + ((<usize>i * <usize>n) << 2);
    let at = penalty;
    let filled = 0;
    let limit: f64 = Infinity;
    let limits = f64x2.splat(Infinity);
    for (let j = 0; j < n; j += 4) {
      const d = v128.load(row);
      const low = f64x2.add(lowPair(d), v128.load(at));
      const high = f64x2.add(highPair(d), v128.load(at, 16));
      if (v128.any_true(v128.or(f64x2.lt(low, limits), f64x2.lt(high, limits)))) {
        for (let k = 0; k < 4; k++) {
          const cost = <f64>load<f32>(row + (<usize>k << 2)) + load<f64>(at + (<usize>k << 3));
          if (!(cost < limit)) continue;
          filled = insert(costs, list, count, filled, j + k, cost);
          if (filled === count) limit = load<f64>(costs + (<usize>(count - 1) << 3));
        }
        limits = f64x2.splat(limit);
      }
      row += 16;
      at += 32;
    }
    store<f64>(own, kept);
    list += <usize>count << 2;
  }
}

// Tiles that both lie in the cache: going down a column of a large matrix would miss it at every entry.
const tile = 64;

/** Whether four by four entries at `row` are finite, not negative, and the transposed ones of those at `mirror`. */
function fits(row: usize, mirror: usize, stride: usize): bool {
  const a = v128.load(row);
  const b = v128.load(row + stride);
  const c = v128.load(row + 2 * stride);
  const d = v128.load(row + 3 * stride);
  const ab = v128.shuffle<i32>(a, b, 0, 4, 1, 5);
  const cd = v128.shuffle<i32>(c, d, 0, 4, 1, 5);
  const abHigh = v128.shuffle<i32>(a, b, 2, 6, 3, 7);
  const cdHigh = v128.shuffle<i32>(c, d, 2, 6, 3, 7);
  let same = f32x4.eq(v128.shuffle<i32>(ab, cd, 0, 1, 4, 5), v128.load(mirror));
  same = v128.and(same, f32x4.eq(v128.shuffle<i32>(ab, cd, 2, 3, 6, 7), v128.load(mirror + stride)));
  same = v128.and(same, f32x4.eq(v128.shuffle<i32>(abHigh, cdHigh, 0, 1, 4, 5), v128.load(mirror + 2 * stride)));
  same = v128.and(same, f32x4.eq(v128.shuffle<i32>(abHigh, cdHigh, 2, 3, 6, 7), v128.load(mirror + 3 * stride)));
  const zero = f32x4.splat(0);
  const infinite = f32x4.splat(Infinity);
  same = v128.and(same, v128.and(f32x4.ge(a, zero), f32x4.lt(a, infinite)));
  same = v128.and(same, v128.and(f32x4.ge(b, zero), f32x4.lt(b, infinite)));
  same = v128.and(same, v128.and(f32x4.ge(c, zero), f32x4.lt(c, infinite)));
  same = v128.and(same, v128.and(f32x4.ge(d, zero), f32x4.lt(d, infinite)));
  return i32x4.all_true(same);
}

/** Whether a matrix holds finite distances, none below 0, symmetric, with zeros on the diagonal. */
export function isValid(data: usize, n: i32): bool {
  const stride = <usize>n << 2;
  const even = n & ~3;
  for (let top = 0; top < even; top += tile) {
    for (let left = 0; left <= top; left += tile) {
      for (let i = top; i < min(top + tile, even); i += 4) {
        for (let j = left; j < min(left + tile, i + 4); j += 4) {
          const row = data + <usize>i * stride + (<usize>j << 2);
          if (!fits(row, data + <usize>j * stride + (<usize>i << 2), stride)) return false;
        }
      }
    }
  }
  for (let i = 0; i < n; i++) {
    if (load<f32>(data + <usize>i * (stride + 4)) !== 0) return false;
    for (let j = max(even, i); j < n; j++) {
      const value = load<f32>(data + <usize>i * stride + (<usize>j << 2));
      if (!(value >= 0 && value < Infinity)) return false;
      if (value !== load<f32>(data + <usize>j * stride + (<usize>i << 2))) return false;
    }
  }
  return true;
}

/**
 * Prim's algorithm over the cities 0 .. n - 2 under d[i, j] + pi[i] + pi[j]. `pi` holds the penalties; `open` a copy in
 * which those of city 0 and from n - 1 on are infinite; `key` infinities; all padded to a multiple of 4.
 */
export function spanningTree(data: usize, n: i32, pi: usize, open: usize, key: usize, parent: usize, cost: usize): void {
  const s = n - 1;
  const infinite = f64x2.splat(Infinity);
  let newest = 0;
  for (let left = s - 1; left > 0; left--) {
    let row = data + ((<usize>newest * <usize>n) << 2);
    const offset = f64x2.splat(load<f64>(pi + (<usize>newest << 3)));
    let best = infinite;
    let where = f64x2.splat(0);
    let bestHigh = infinite;
    let whereHigh = f64x2.splat(0);
    let place = f64x2.splat(0);
    const four = f64x2.splat(4);
    let o = open;
    let k = key;
    for (let j = 0; j < s; j += 4) {
      const d = v128.load(row);
      const low = f64x2.add(f64x2.add(lowPair(d), offset), v128.load(o));
      const high = f64x2.add(f64x2.add(highPair(d), offset), v128.load(o, 16));
      let knownLow = v128.load(k);
      let knownHigh = v128.load(k, 16);
      if (v128.any_true(v128.or(f64x2.lt(low, knownLow), f64x2.lt(high, knownHigh)))) {
        for (let lane = 0; lane < 2; lane++) {
          const bit = 1 << lane;
          if (i64x2.bitmask(f64x2.lt(low, knownLow)) & bit) store<i32>(parent + (<usize>(j + lane) << 2), newest);
          if (i64x2.bitmask(f64x2.lt(high, knownHigh)) & bit) store<i32>(parent + (<usize>(j + lane + 2) << 2), newest);
        }
        knownLow = f64x2.pmin(knownLow, low);
        knownHigh = f64x2.pmin(knownHigh, high);
        v128.store(k, knownLow);
        v128.store(k, knownHigh, 16);
      }
      const lower = f64x2.lt(knownLow, best);
      best = v128.bitselect(knownLow, best, lower);
      where = v128.bitselect(place, where, lower);
      const lowerHigh = f64x2.lt(knownHigh, bestHigh);
      bestHigh = v128.bitselect(knownHigh, bestHigh, lowerHigh);
      whereHigh = v128.bitselect(place, whereHigh, lowerHigh);
      place = f64x2.add(place, four);
      row += 16;
      o += 32;
      k += 32;
    }
    let least = f64x2.extract_lane(best, 0);
    let at = <i32>f64x2.extract_lane(where, 0);
    let value = f64x2.extract_lane(best, 1);
    let index = <i32>f64x2.extract_lane(where, 1) + 1;
    if (value < least || (value === least && index < at)) {
      least = value;
      at = index;
    }
    value = f64x2.extract_lane(bestHigh, 0);
    index = <i32>f64x2.extract_lane(whereHigh, 0) + 2;
    if (value < least || (value === least && index < at)) {
      least = value;
      at = index;
    }
    value = f64x2.extract_lane(bestHigh, 1);
    index = <i32>f64x2.extract_lane(whereHigh, 1) + 3;
    if (value < least || (value === least && index < at)) {
      least = value;
      at = index;
    }
    store<f64>(cost + (<usize>at << 3), least);
    store<f64>(key + (<usize>at << 3), Infinity);
    store<f64>(open + (<usize>at << 3), Infinity);
    newest = at;
  }
}

// @ts-ignore: decorator
@inline
function add(sum: v128, x: v128, y: v128): v128 {
  return f32x4.add(sum, f32x4.abs(f32x4.sub(x, y)));
}

// @ts-ignore: decorator
@inline
function total(sum: v128): f64 {
  const low = f32x4.extract_lane(sum, 0) + f32x4.extract_lane(sum, 1);
  return <f64>(low + (f32x4.extract_lane(sum, 2) + f32x4.extract_lane(sum, 3)));
}

// @ts-ignore: decorator
@inline
function into(sums: usize, at: i32, weight: f64, sum: v128): void {
  const to = sums + (<usize>at << 3);
  store<f64>(to, load<f64>(to) + weight * total(sum));
}

/**
 * Adds weight * |x_i - x_j|_1 to sums[i * n + j] for j >= i (rounded down to even i and multiples of 4), of n rows of
 * `length` floats; n and length are multiples of 4. Two rows meet four at a time: eight sums stay in registers.
 */
export function l1(rows: usize, n: i32, length: i32, weight: f64, sums: usize): void {
  const bytes = <usize>length << 2;
  for (let j = 0; j < n; j += 4) {
    const b = rows + <usize>j * bytes;
    for (let i = 0; i < j + 4; i += 2) {
      const a = rows + <usize>i * bytes;
      let s0 = f32x4.splat(0);
      let s1 = f32x4.splat(0);
      let s2 = f32x4.splat(0);
      let s3 = f32x4.splat(0);
      let t0 = f32x4.splat(0);
      let t1 = f32x4.splat(0);
      let t2 = f32x4.splat(0);
      let t3 = f32x4.splat(0);
      for (let k: usize = 0; k < bytes; k += 16) {
        const x = v128.load(a + k);
        const y = v128.load(a + bytes + k);
        const p = v128.load(b + k);
        s0 = add(s0, x, p);
        t0 = add(t0, y, p);
        const q = v128.load(b + bytes + k);
        s1 = add(s1, x, q);
        t1 = add(t1, y, q);
        const r = v128.load(b + 2 * bytes + k);
        s2 = add(s2, x, r);
        t2 = add(t2, y, r);
        const s = v128.load(b + 3 * bytes + k);
        s3 = add(s3, x, s);
        t3 = add(t3, y, s);
      }
      const at = i * n + j;
      into(sums, at, weight, s0);
      into(sums, at + 1, weight, s1);
      into(sums, at + 2, weight, s2);
      into(sums, at + 3, weight, s3);
      into(sums, at + n, weight, t0);
      into(sums, at + n + 1, weight, t1);
      into(sums, at + n + 2, weight, t2);
      into(sums, at + n + 3, weight, t3);
    }
  }
}

const digitBits: u32 = 11;
const digitMask: u32 = (1 << digitBits) - 1;

/** One pass of a radix sort: places into `to` the `count` numbers of `from` by a digit of their codes. */
function sortByDigit(from: usize, to: usize, codes: usize, count: i32, places: usize, shift: u32): void {
  let at = 0;
  for (let digit: u32 = 0; digit <= digitMask; digit++) {
    const place = places + (<usize>digit << 2);
    const many = load<i32>(place);
    store<i32>(place, at);
    at += many;
  }
  for (let k = 0; k < count; k++) {
    const i = load<i32>(from + (<usize>k << 2));
    const digit = (load<u32>(codes + (<usize>i << 2)) >>> shift) & digitMask;
    const place = places + (<usize>digit << 2);
    const next = load<i32>(place);
    store<i32>(place, next + 1);
    store<i32>(to + (<usize>next << 2), i);
  }
}

// @ts-ignore: decorator
@inline
function rootOf(above: usize, city: i32): i32 {
  let parent = load<i32>(above + (<usize>city << 2));
  while (parent !== city) {
    const further = load<i32>(above + (<usize>parent << 2));
    store<i32>(above + (<usize>city << 2), further);
    city = further;
    parent = load<i32>(above + (<usize>city << 2));
  }
  return city;
}

/**
 * Kruskal's spanning tree of `cities` within `count` edges, whose two cities lie at `ends`, by cost[e] + pi[i] + pi[j]; its
 * edges go to `edges`, degrees are set. `places` has room for three times 2,048 numbers, `codes`, `first` and `second`
 * for `count`.
 */
export function sparseTree(
  ends: usize, cost: usize, count: i32, pi: usize, cities: i32,
  codes: usize, first: usize, second: usize, places: usize,
  above: usize, degree: usize, edges: usize,
): f64 {
  const middle = places + (4 << digitBits);
  const high = places + (8 << digitBits);
  memory.fill(places, 0, 12 << digitBits);
  for (let e = 0; e < count; e++) {
    const i = load<i32>(ends + (<usize>e << 3));
    const j = load<i32>(ends + (<usize>e << 3), 4);
    const sum = load<f64>(cost + (<usize>e << 3)) + load<f64>(pi + (<usize>i << 3)) + load<f64>(pi + (<usize>j << 3));
    const bit = reinterpret<i32>(<f32>sum);
    const code = <u32>(bit ^ ((bit >> 31) | 0x80000000));
    store<u32>(codes + (<usize>e << 2), code);
    store<i32>(first + (<usize>e << 2), e);
    for (let d: u32 = 0; d < 3; d++) {
      const place = places + (<usize>d << (digitBits + 2)) + (<usize>((code >>> (d * digitBits)) & digitMask) << 2);
      store<i32>(place, load<i32>(place) + 1);
    }
  }
  sortByDigit(first, second, codes, count, places, 0);
  sortByDigit(second, first, codes, count, middle, digitBits);
  sortByDigit(first, second, codes, count, high, 2 * digitBits);
  for (let i = 0; i < cities; i++) {
    store<i32>(above + (<usize>i << 2), i);
    store<i32>(degree + (<usize>i << 2), 0);
  }
  let weight: f64 = 0;
  let taken = 0;
  for (let k = 0; taken < cities - 1; k++) {
    const e = load<i32>(second + (<usize>k << 2));
    const i = load<i32>(ends + (<usize>e << 3));
    const j = load<i32>(ends + (<usize>e << 3), 4);
    const a = rootOf(above, i);
    const b = rootOf(above, j);
    if (a === b) continue;
    store<i32>(above + (<usize>a << 2), b);
    store<i32>(edges + (<usize>taken << 2), e);
    taken++;
    store<i32>(degree + (<usize>i << 2), load<i32>(degree + (<usize>i << 2)) + 1);
    store<i32>(degree + (<usize>j << 2), load<i32>(degree + (<usize>j << 2)) + 1);
    weight += load<f64>(cost + (<usize>e << 3)) + load<f64>(pi + (<usize>i << 3)) + load<f64>(pi + (<usize>j << 3));
  }
  return weight;
}

/**
 * Ties the city `last` to a spanning tree of the others by the two cheapest of its edges, `row`: returns the bound of the
 * 1-tree, whose two edges lead to the cities at `ends`.
 */
export function closeTree(weight: f64, row: usize, pi: usize, last: i32, degree: usize, ends: usize): f64 {
  let least: f64 = Infinity;
  let second: f64 = Infinity;
  let firstAt = 0;
  let secondAt = 0;
  let penalties: f64 = 0;
  for (let i = 0; i < last; i++) {
    const penalty = load<f64>(pi + (<usize>i << 3));
    const cost = load<f64>(row + (<usize>i << 3)) + penalty;
    penalties += penalty;
    if (cost < least) {
      second = least;
      secondAt = firstAt;
      least = cost;
      firstAt = i;
    } else if (cost < second) {
      second = cost;
      secondAt = i;
    }
  }
  store<i32>(ends, firstAt);
  store<i32>(ends, secondAt, 4);
  count(degree, firstAt, 1);
  count(degree, secondAt, 1);
  store<i32>(degree + (<usize>last << 2), 2);
  return weight + least + second - 2 * penalties;
}

// @ts-ignore: decorator
@inline
function count(degree: usize, city: i32, by: i32): void {
  const at = degree + (<usize>city << 2);
  store<i32>(at, load<i32>(at) + by);
}

/** The slope degree - 2 of n cities, spread over the clusters that they form: its squared length, and `steepest`. */
export function spread(degree: usize, n: i32, nodes: i32, moves: usize, above: usize, steepest: usize): f64 {
  for (let node = n; node < nodes; node++) store<f64>(steepest + (<usize>node << 3), 0);
  let norm: f64 = 0;
  for (let node = 0; node < nodes; node++) {
    const at = steepest + (<usize>node << 3);
    const sum = node < n ? <f64>(load<i32>(degree + (<usize>node << 2)) - 2) : load<f64>(at);
    const move = load<f64>(moves + (<usize>node << 3));
    norm += move * sum * sum;
    const parent = load<i32>(above + (<usize>node << 2));
    if (parent >= 0) {
      const up = steepest + (<usize>parent << 3);
      store<f64>(up, load<f64>(up) + sum);
    }
    store<f64>(at, move * sum);
  }
  for (let node = nodes - 1; node >= 0; node--) {
    const parent = load<i32>(above + (<usize>node << 2));
    if (parent < 0) continue;
    const at = steepest + (<usize>node << 3);
    store<f64>(at, load<f64>(at) + load<f64>(steepest + (<usize>parent << 3)));
  }
  return norm;
}

/** Moves n penalties along their steepest direction, averaged over the steps. */
export function move(n: i32, length: f64, momentum: f64, steepest: usize, direction: usize, pi: usize): void {
  for (let i = 0; i < n; i++) {
    const offset = <usize>i << 3;
    const along = (1 - momentum) * load<f64>(steepest + offset) + momentum * load<f64>(direction + offset);
    store<f64>(direction + offset, along);
    store<f64>(pi + offset, load<f64>(pi + offset) + length * along);
  }
}
