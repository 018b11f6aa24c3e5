// The engine of src/portable.ts in WebAssembly SIMD, bit for bit: same operations, same order, four lanes.
// Everything lives in one array of words at address 0.

// @ts-ignore: decorator
@inline
function high(a: v128, b: v128): v128 {
  return v128.shuffle<i32>(a, b, 1, 3, 5, 7);
}

// @ts-ignore: decorator
@inline
function low(a: v128, b: v128): v128 {
  return v128.shuffle<i32>(a, b, 0, 2, 4, 6);
}

// @ts-ignore: decorator
@inline
function storeBlocks(to: usize, c0: v128, c1: v128, c2: v128, c3: v128): void {
  const a = v128.shuffle<i32>(c0, c1, 0, 4, 1, 5);
  const b = v128.shuffle<i32>(c2, c3, 0, 4, 1, 5);
  const c = v128.shuffle<i32>(c0, c1, 2, 6, 3, 7);
  const d = v128.shuffle<i32>(c2, c3, 2, 6, 3, 7);
  v128.store(to, v128.shuffle<i64>(a, b, 0, 2));
  v128.store(to, v128.shuffle<i64>(a, b, 1, 3), 16);
  v128.store(to, v128.shuffle<i64>(c, d, 0, 2), 32);
  v128.store(to, v128.shuffle<i64>(c, d, 1, 3), 48);
}

/**
 * Philox4x32-10 of `groups` times eight counter blocks from the given one on; lane i of the first four vectors works on
 * block i, of the other four on block 4 + i. Two at a time, because one waits for its own products.
 */
export function draw(key0: i32, key1: i32, blockLow: i32, blockHigh: i32, groups: i32): void {
  const m0 = i32x4.splat(0xd2511f53);
  const m1 = i32x4.splat(0xcd9e8d57);
  let to: usize = 0;
  for (let group = 0; group < groups; group++) {
    const first = i32x4.splat(blockLow);
    const upper = i32x4.splat(blockHigh);
    let c0 = i32x4.add(first, i32x4(0, 1, 2, 3));
    let d0 = i32x4.add(first, i32x4(4, 5, 6, 7));
    // A lane that wrapped around is below the first; the comparison gives -1 there.
    let c1 = i32x4.sub(upper, i32x4.lt_u(c0, first));
    let d1 = i32x4.sub(upper, i32x4.lt_u(d0, first));
    let c2 = i32x4.splat(0);
    let d2 = i32x4.splat(0);
    let c3 = i32x4.splat(0);
    let d3 = i32x4.splat(0);
    let k0 = key0;
    let k1 = key1;
    for (let round = 0; round < 10; round++) {
      const p0 = i64x2.extmul_low_i32x4_u(c0, m0);
      const q0 = i64x2.extmul_high_i32x4_u(c0, m0);
      const p1 = i64x2.extmul_low_i32x4_u(c2, m1);
      const q1 = i64x2.extmul_high_i32x4_u(c2, m1);
      const r0 = i64x2.extmul_low_i32x4_u(d0, m0);
      const s0 = i64x2.extmul_high_i32x4_u(d0, m0);
      const r1 = i64x2.extmul_low_i32x4_u(d2, m1);
      const s1 = i64x2.extmul_high_i32x4_u(d2, m1);
      const key0s = i32x4.splat(k0);
      const key1s = i32x4.splat(k1);
      c0 = v128.xor(high(p1, q1), v128.xor(c1, key0s));
      c1 = low(p1, q1);
      c2 = v128.xor(high(p0, q0), v128.xor(c3, key1s));
      c3 = low(p0, q0);
      d0 = v128.xor(high(r1, s1), v128.xor(d1, key0s));
      d1 = low(r1, s1);
      d2 = v128.xor(high(r0, s0), v128.xor(d3, key1s));
      d3 = low(r0, s0);
      k0 += 0x9e3779b9;
      k1 += 0xbb67ae85;
    }
    storeBlocks(to, c0, c1, c2, c3);
    storeBlocks(to + 64, d0, d1, d2, d3);
    to += 128;
    const next = blockLow + 8;
    if (u32(next) < u32(blockLow)) blockHigh++;
    blockLow = next;
  }
}

/** In place, `count` words (rounded up to 4): min((word >>> 8) * scale + low, highest). */
export function uniform(count: i32, scale: f32, lowest: f32, highest: f32): void {
  const factor = f32x4.splat(scale);
  const add = f32x4.splat(lowest);
  const top = f32x4.splat(highest);
  const end = <usize>count << 2;
  for (let at: usize = 0; at < end; at += 16) {
    const word = i32x4.shr_u(v128.load(at), 8);
    const value = f32x4.add(f32x4.mul(f32x4.convert_i32x4_s(word), factor), add);
    v128.store(at, f32x4.min(value, top));
  }
}

// @ts-ignore: decorator
@inline
function times(a: v128, x: v128, b: v128): v128 {
  return f32x4.add(f32x4.mul(a, x), b);
}

// @ts-ignore: decorator
@inline
function pair(a: f32, x: v128, b: f32): v128 {
  return times(f32x4.splat(a), x, f32x4.splat(b));
}

// @ts-ignore: decorator
@inline
function degree7(x: v128, x2: v128, x4: v128, a7: f32, a6: f32, a5: f32, a4: f32, a3: f32, a2: f32, a1: f32, a0: f32): v128 {
  const upper = times(pair(a7, x, a6), x2, pair(a5, x, a4));
  const lower = times(pair(a3, x, a2), x2, pair(a1, x, a0));
  return times(upper, x4, lower);
}

// @ts-ignore: decorator
@inline
function degree9(x: v128, a9: f32, a8: f32, a7: f32, a6: f32, a5: f32, a4: f32, a3: f32, a2: f32, a1: f32, a0: f32): v128 {
  const x2 = f32x4.mul(x, x);
  const x4 = f32x4.mul(x2, x2);
  const upper = times(pair(a7, x, a6), x2, pair(a5, x, a4));
  const lower = times(pair(a3, x, a2), x2, pair(a1, x, a0));
  return times(times(pair(a9, x, a8), x4, upper), x4, lower);
}

// @ts-ignore: decorator
@inline
function minusLog(v: v128): v128 {
  const exponent = i32x4.shr_s(i32x4.sub(v, i32x4.splat(0x3f3504f3)), 23);
  const m = f32x4.sub(i32x4.sub(v, i32x4.shl(exponent, 23)), f32x4.splat(1));
  const square = f32x4.mul(m, m);
  const p = degree7(
    m, square, f32x4.mul(square, square),
    0.087335505, -0.14441843, 0.14979301, -0.1655234, 0.19953613, -0.2500249, 0.33334225, -0.49999982,
  );
  const powers = f32x4.mul(f32x4.convert_i32x4_s(exponent), f32x4.splat(-0.6931471805599453));
  return f32x4.sub(powers, f32x4.add(f32x4.mul(square, p), m));
}

// Where the logarithms of one slice wait for the second pass; a page of words ends below.
const logarithms: usize = 32768;
const slice: usize = 4096;

/** In place, `count` words (rounded up to 4): quantile(word) * std + mean, see src/normal.ts. */
export function normal(count: i32, std: f32, mean: f32): void {
  const end = <usize>count << 2;
  for (let from: usize = 0; from < end; from += slice) {
    const to = min(from + slice, end);
    // Two passes, because one chain of operations this long leaves the processor waiting for itself.
    takeLogarithms(from, to);
    takeQuantiles(from, to, std, mean);
  }
}

function takeLogarithms(from: usize, to: usize): void {
  const half = f32x4.splat(0.5);
  const unit = f32x4.splat(4.656612873077393e-10);
  for (let at = from; at < to; at += 16) {
    const word = v128.load(at);
    const magnitude = v128.xor(word, i32x4.shr_s(word, 31));
    const rest = i32x4.sub(i32x4.splat(0x7fffffff), magnitude);
    const p = f32x4.mul(f32x4.add(f32x4.convert_i32x4_s(rest), half), unit);
    v128.store(at - from, minusLog(f32x4.mul(p, f32x4.sub(f32x4.splat(2), p))), logarithms);
  }
}

function takeQuantiles(from: usize, to: usize, std: f32, mean: f32): void {
  const factor = f32x4.splat(std);
  const add = f32x4.splat(mean);
  const half = f32x4.splat(0.5);
  const unit = f32x4.splat(4.656612873077393e-10);
  for (let at = from; at < to; at += 16) {
    const w = v128.load(at - from, logarithms);
    const u = f32x4.sub(w, f32x4.splat(3.125));
    let ratio = degree9(
      u, -7.155822e-9, -1.2343207e-8,
      6.1601526e-7, -2.1541603e-6, -1.9741856e-5, 0.00026481517,
      -0.0010472283, -0.0085337525, 0.33963475, 2.338621,
    );
    const central = f32x4.lt(w, f32x4.splat(6.25));
    if (!i32x4.all_true(central)) {
      const t = f32x4.sub(f32x4.sqrt(w), f32x4.splat(3.5625));
      const far = degree9(
        t, 1.924012e-5, 5.6814675e-5,
        -0.0003121178, 0.0005326021, -0.00072923955, 0.0012579383,
        -0.002573042, 0.0041241115, 1.4251816, 4.806146,
      );
      ratio = v128.bitselect(ratio, far, central);
    }
    const word = v128.load(at);
    const magnitude = v128.xor(word, i32x4.shr_s(word, 31));
    const x = f32x4.mul(f32x4.add(f32x4.convert_i32x4_s(magnitude), half), unit);
    const z = v128.xor(f32x4.mul(ratio, x), v128.and(word, i32x4.splat(0x80000000)));
    v128.store(at, f32x4.add(f32x4.mul(z, factor), add));
  }
}

/** In place, `count` words: 32 floats each, `magnitude`, negative where the bit, lowest first, is 1. */
export function sign(count: i32, magnitude: f32): void {
  const value = f32x4.splat(magnitude);
  const top = i32x4.splat(0x80000000);
  // Backwards, because word i makes room for the floats from 32 i on.
  for (let i = count - 1; i >= 0; i--) {
    const word = i32.load(<usize>i << 2);
    // Lane l has its bits 3 - l places up, so one shift brings four neighbours to the sign.
    const bits = i32x4(word << 3, word << 2, word << 1, word);
    const to = <usize>i << 7;
    for (let at = 0; at < 8; at++) {
      const signs = v128.and(i32x4.shl(bits, 28 - 4 * at), top);
      v128.store(to + (<usize>at << 4), v128.xor(value, signs));
    }
  }
}
