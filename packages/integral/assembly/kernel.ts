// Interpolation along one or two axes of a weight, in WebAssembly SIMD. src/model/multiply-axis.ts does the same operations in
// the same order, so that both give the same bits.

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

/** One row: `sums` [inner] = four rows of `source` [4, inner], from its first, times their factors; in float64. */
function mix(source: usize, inner: i32, factors: usize, sums: usize): void {
  const bytes = <usize>inner << 2;
  const f0 = f64x2.splat(load<f64>(factors));
  const f1 = f64x2.splat(load<f64>(factors, 8));
  const f2 = f64x2.splat(load<f64>(factors, 16));
  const f3 = f64x2.splat(load<f64>(factors, 24));
  // Rows of any length: the last four may be read past the end, where others lie or there is room.
  for (let j = 0; j < inner; j += 4) {
    const a = v128.load(source);
    const b = v128.load(source + bytes);
    const c = v128.load(source + 2 * bytes);
    const d = v128.load(source + 3 * bytes);
    const low = f64x2.add(
      f64x2.add(f64x2.mul(lowPair(a), f0), f64x2.mul(lowPair(c), f2)),
      f64x2.add(f64x2.mul(lowPair(b), f1), f64x2.mul(lowPair(d), f3)),
    );
    const high = f64x2.add(
      f64x2.add(f64x2.mul(highPair(a), f0), f64x2.mul(highPair(c), f2)),
      f64x2.add(f64x2.mul(highPair(b), f1), f64x2.mul(highPair(d), f3)),
    );
    v128.store(sums, low);
    v128.store(sums, high, 16);
    source += 16;
    sums += 32;
  }
}

/**
 * [cols, inner] to [rows, length]: row r mixes the four rows from firsts[r]; then number q of it the four from lastFirsts[q].
 * With length 0 the second axis stays as it is: [rows, inner]. Factors are float64, four a row. `sums` has room for inner + 3
 * float64, `values` for three numbers past its end.
 */
export function interpolate(
  values: usize,
  inner: i32,
  rows: i32,
  firsts: usize,
  factors: usize,
  length: i32,
  lastFirsts: usize,
  lastFactors: usize,
  sums: usize,
  out: usize,
): void {
  for (let r = 0; r < rows; r++) {
    const first = load<i32>(firsts + (<usize>r << 2));
    mix(values + ((<usize>first * <usize>inner) << 2), inner, factors + (<usize>r << 5), sums);
    if (length === 0) {
      for (let j = 0; j < inner; j++) {
        store<f32>(out, <f32>load<f64>(sums + (<usize>j << 3)));
        out += 4;
      }
      continue;
    }
    let at = lastFactors;
    let place = lastFirsts;
    for (let q = 0; q < length; q++) {
      const from = sums + (<usize>load<i32>(place) << 3);
      const pairs = f64x2.add(
        f64x2.mul(v128.load(from), v128.load(at)),
        f64x2.mul(v128.load(from, 16), v128.load(at, 16)),
      );
      store<f32>(out, <f32>(f64x2.extract_lane(pairs, 0) + f64x2.extract_lane(pairs, 1)));
      out += 4;
      at += 32;
      place += 4;
    }
  }
}
