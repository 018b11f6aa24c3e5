// Matrix products. Every element of the result is summed in the order of k by one thread, so the bits
// do not depend on how rows are shared out.
import { copyFloats } from './math';

/**
 * A tile of 4 x 8, its rows of a apart in memory. Eight sums, b, and a broadcast leave registers for the
 * products, which more rows would not; and four divides most sizes.
 */
function tileRows(
  a: usize, rowA: usize, b: usize, stepB: usize, c: usize, rowC: usize, k: i32, add: bool,
): void {
  let s00 = f32x4.splat(0), s01 = s00, s10 = s00, s11 = s00;
  let s20 = s00, s21 = s00, s30 = s00, s31 = s00;
  if (add) {
    let p = c;
    s00 = v128.load(p); s01 = v128.load(p, 16); p += rowC;
    s10 = v128.load(p); s11 = v128.load(p, 16); p += rowC;
    s20 = v128.load(p); s21 = v128.load(p, 16); p += rowC;
    s30 = v128.load(p); s31 = v128.load(p, 16);
  }
  let a1 = a + rowA, a2 = a1 + rowA, a3 = a2 + rowA;
  for (; k > 0; k--, b += stepB) {
    const b0 = v128.load(b), b1 = v128.load(b, 16);
    let v = v128.load_splat<f32>(a);
    s00 = f32x4.add(s00, f32x4.mul(v, b0)); s01 = f32x4.add(s01, f32x4.mul(v, b1));
    v = v128.load_splat<f32>(a1);
    s10 = f32x4.add(s10, f32x4.mul(v, b0)); s11 = f32x4.add(s11, f32x4.mul(v, b1));
    v = v128.load_splat<f32>(a2);
    s20 = f32x4.add(s20, f32x4.mul(v, b0)); s21 = f32x4.add(s21, f32x4.mul(v, b1));
    v = v128.load_splat<f32>(a3);
    s30 = f32x4.add(s30, f32x4.mul(v, b0)); s31 = f32x4.add(s31, f32x4.mul(v, b1));
    a += 4; a1 += 4; a2 += 4; a3 += 4;
  }
  v128.store(c, s00); v128.store(c, s01, 16); c += rowC;
  v128.store(c, s10); v128.store(c, s11, 16); c += rowC;
  v128.store(c, s20); v128.store(c, s21, 16); c += rowC;
  v128.store(c, s30); v128.store(c, s31, 16);
}

/** The same where the four rows lie side by side, as in a transposed matrix. */
function tileColumns(
  a: usize, stepA: usize, b: usize, stepB: usize, c: usize, rowC: usize, k: i32, add: bool,
): void {
  let s00 = f32x4.splat(0), s01 = s00, s10 = s00, s11 = s00;
  let s20 = s00, s21 = s00, s30 = s00, s31 = s00;
  if (add) {
    let p = c;
    s00 = v128.load(p); s01 = v128.load(p, 16); p += rowC;
    s10 = v128.load(p); s11 = v128.load(p, 16); p += rowC;
    s20 = v128.load(p); s21 = v128.load(p, 16); p += rowC;
    s30 = v128.load(p); s31 = v128.load(p, 16);
  }
  for (; k > 0; k--, a += stepA, b += stepB) {
    const b0 = v128.load(b), b1 = v128.load(b, 16);
    let v = v128.load_splat<f32>(a);
    s00 = f32x4.add(s00, f32x4.mul(v, b0)); s01 = f32x4.add(s01, f32x4.mul(v, b1));
    v = v128.load_splat<f32>(a, 4);
    s10 = f32x4.add(s10, f32x4.mul(v, b0)); s11 = f32x4.add(s11, f32x4.mul(v, b1));
    v = v128.load_splat<f32>(a, 8);
    s20 = f32x4.add(s20, f32x4.mul(v, b0)); s21 = f32x4.add(s21, f32x4.mul(v, b1));
    v = v128.load_splat<f32>(a, 12);
    s30 = f32x4.add(s30, f32x4.mul(v, b0)); s31 = f32x4.add(s31, f32x4.mul(v, b1));
  }
  v128.store(c, s00); v128.store(c, s01, 16); c += rowC;
  v128.store(c, s10); v128.store(c, s11, 16); c += rowC;
  v128.store(c, s20); v128.store(c, s21, 16); c += rowC;
  v128.store(c, s30); v128.store(c, s31, 16);
}

// @ts-ignore: decorator
@inline
function tile4(
  a: usize, rowA: usize, stepA: usize, b: usize, stepB: usize, c: usize, rowC: usize, k: i32, add: bool,
): void {
  if (stepA == 4) tileRows(a, rowA, b, stepB, c, rowC, k, add);
  else tileColumns(a, stepA, b, stepB, c, rowC, k, add);
}

/** A tile of 1 x 8, for the rows that are left. */
function tile1(a: usize, stepA: usize, b: usize, stepB: usize, c: usize, k: i32, add: bool): void {
  let s0 = f32x4.splat(0), s1 = s0;
  if (add) {
    s0 = v128.load(c);
    s1 = v128.load(c, 16);
  }
  for (; k > 0; k--) {
    const v = v128.load_splat<f32>(a);
    s0 = f32x4.add(s0, f32x4.mul(v, v128.load(b)));
    s1 = f32x4.add(s1, f32x4.mul(v, v128.load(b, 16)));
    a += stepA;
    b += stepB;
  }
  v128.store(c, s0);
  v128.store(c, s1, 16);
}

/**
 * c [m, n] (+)= a [m, k] b [k, n], b in panels of 8 columns `panel` bytes apart. `spare` is room for
 * one tile (128 bytes): the last panel may reach beyond n.
 */
export function product(
  a: usize, rowA: usize, stepA: usize, b: usize, stepB: usize, panel: usize, c: usize, rowC: usize,
  m: i32, n: i32, k: i32, add: bool, spare: usize,
): void {
  for (let j = 0; j < n; j += 8, b += panel) {
    const width = min(8, n - j);
    const column = c + (j << 2);
    for (let i = 0; i < m; ) {
      const rows = m - i >= 4 ? 4 : 1;
      const from = a + i * rowA;
      const to = column + i * rowC;
      if (width == 8) {
        if (rows == 4) tile4(from, rowA, stepA, b, stepB, to, rowC, k, add);
        else tile1(from, stepA, b, stepB, to, k, add);
      } else {
        if (add) for (let r = 0; r < rows; r++) copyFloats(spare + (r << 5), to + r * rowC, width);
        if (rows == 4) tile4(from, rowA, stepA, b, stepB, spare, 32, k, add);
        else tile1(from, stepA, b, stepB, spare, k, add);
        for (let r = 0; r < rows; r++) copyFloats(to + r * rowC, spare + (r << 5), width);
      }
      i += rows;
    }
  }
}

/** y = act(y + bias) over rows; act: 0 none, 1 relu, 2 relu6. */
// @ts-ignore: decorator
@inline
export function finish(y: usize, row: usize, m: i32, n: i32, bias: usize, act: i32): void {
  if (bias == 0 && act == 0) return;
  const zero = f32x4.splat(0), six = f32x4.splat(6);
  for (let i = 0; i < m; i++, y += row) {
    let j = 0;
    for (; j + 4 <= n; j += 4) {
      let v = v128.load(y + (j << 2));
      if (bias) v = f32x4.add(v, v128.load(bias + (j << 2)));
      if (act) v = f32x4.max(v, zero);
      if (act == 2) v = f32x4.min(v, six);
      v128.store(y + (j << 2), v);
    }
    for (; j < n; j++) {
      let v = load<f32>(y + (j << 2));
      if (bias) v += load<f32>(bias + (j << 2));
      if (act) v = max(v, <f32>0);
      if (act == 2) v = min(v, <f32>6);
      store<f32>(y + (j << 2), v);
    }
  }
}

/** Units: tiles of 4 rows over all matrices of the batch. With kSlice, matrix i takes its own slice of k. */
export function gemm(
  a: usize, rowA: usize, stepA: usize, batchA: usize,
  b: usize, stepB: usize, panel: usize, batchB: usize,
  c: usize, m: i32, n: i32, k: i32, kSlice: i32, bias: usize, act: i32,
  begin: i32, end: i32, scratch: usize,
): void {
  const tiles = (m + 3) / 4;
  const rowC = <usize>n << 2;
  for (let unit = begin; unit < end; ) {
    const batch = unit / tiles;
    const first = unit - batch * tiles;
    const depth = kSlice ? min(kSlice, k - batch * kSlice) : k;
    // So many rows that they stay in a near cache while the panels pass by.
    const block = max(1, 16384 / (4 * max(1, depth)));
    const last = min(min(tiles, first + end - unit), first + block);
    const row = first * 4;
    const rows = min(m, last * 4) - row;
    const to = c + batch * m * rowC + row * rowC;
    product(
      a + batch * batchA + row * rowA, rowA, stepA, b + batch * batchB, stepB, panel,
      to, rowC, rows, n, depth, false, scratch,
    );
    finish(to, rowC, rows, n, bias, act);
    unit += last - first;
  }
}

/** b [k, n] (element at row*rowB + column*stepB) into panels [n / 8][k][8], padded by zeros. Units: panels. */
export function packPanels(
  b: usize, rowB: usize, stepB: usize, batchB: usize, out: usize, k: i32, n: i32,
  begin: i32, end: i32, scratch: usize,
): void {
  const panels = (n + 7) >> 3;
  for (let unit = begin; unit < end; unit++) {
    const batch = unit / panels;
    const column = (unit - batch * panels) << 3;
    let from = b + batch * batchB + column * stepB;
    let to = out + (<usize>unit * k << 5);
    const width = min(8, n - column);
    for (let i = 0; i < k; i++, from += rowB, to += 32) {
      if (width == 8 && stepB == 4) {
        v128.store(to, v128.load(from));
        v128.store(to, v128.load(from, 16), 16);
      } else {
        for (let j = 0; j < 8; j++) {
          store<f32>(to + (j << 2), j < width ? load<f32>(from + j * stepB) : 0);
        }
      }
    }
  }
}
