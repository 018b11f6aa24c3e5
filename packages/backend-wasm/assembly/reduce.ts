// Sums over rows. Each unit sums one block of rows; blocks depend on the shape alone.
import { addFloats, copyFloats, total4 } from './math';

/**
 * out[unit] = scale * sum of rows [unit * per, (unit + 1) * per) of x [rows, c]; 64 rows at a time are
 * summed apart, which keeps rounding small. Units: blocks.
 */
export function sumRows(
  x: usize, rows: i32, per: i32, c: i32, scale: f32, out: usize,
  begin: i32, end: i32, scratch: usize,
): void {
  const row = <usize>c << 2;
  const factor = f32x4.splat(scale);
  for (let unit = begin; unit < end; unit++) {
    const first = unit * per;
    const last = min(rows, first + per);
    const to = out + unit * row;
    memory.fill(to, 0, row);
    for (let r = first; r < last; r += 64) {
      const count = min(64, last - r);
      const from = x + r * row;
      let j = 0;
      for (; j + 16 <= c; j += 16) {
        let s0 = f32x4.splat(0), s1 = s0, s2 = s0, s3 = s0;
        let p = from + (j << 2);
        for (let i = 0; i < count; i++, p += row) {
          s0 = f32x4.add(s0, v128.load(p));
          s1 = f32x4.add(s1, v128.load(p, 16));
          s2 = f32x4.add(s2, v128.load(p, 32));
          s3 = f32x4.add(s3, v128.load(p, 48));
        }
        const at = to + (j << 2);
        v128.store(at, f32x4.add(v128.load(at), s0));
        v128.store(at, f32x4.add(v128.load(at, 16), s1), 16);
        v128.store(at, f32x4.add(v128.load(at, 32), s2), 32);
        v128.store(at, f32x4.add(v128.load(at, 48), s3), 48);
      }
      for (; j + 4 <= c; j += 4) {
        let s = f32x4.splat(0);
        let p = from + (j << 2);
        for (let i = 0; i < count; i++, p += row) s = f32x4.add(s, v128.load(p));
        v128.store(to + (j << 2), f32x4.add(v128.load(to + (j << 2)), s));
      }
      for (; j < c; j++) {
        let s: f32 = 0;
        let p = from + (j << 2);
        for (let i = 0; i < count; i++, p += row) s += load<f32>(p);
        store<f32>(to + (j << 2), load<f32>(to + (j << 2)) + s);
      }
    }
    if (scale != 1) {
      let j = 0;
      for (; j + 4 <= c; j += 4) v128.store(to + (j << 2), f32x4.mul(v128.load(to + (j << 2)), factor));
      for (; j < c; j++) store<f32>(to + (j << 2), load<f32>(to + (j << 2)) * scale);
    }
  }
}

/** out[unit] = scale * sum of the unit-th run of `per` numbers of x, which has `size`. Units: runs. */
export function sumRuns(
  x: usize, size: i32, per: i32, scale: f32, out: usize,
  begin: i32, end: i32, scratch: usize,
): void {
  for (let unit = begin; unit < end; unit++) {
    const first = unit * per;
    const last = min(size, first + per);
    let total: f32 = 0;
    for (let i = first; i < last; ) {
      const stop = min(last, i + 1024);
      let s0 = f32x4.splat(0), s1 = s0;
      for (; i + 8 <= stop; i += 8) {
        s0 = f32x4.add(s0, v128.load(x + (i << 2)));
        s1 = f32x4.add(s1, v128.load(x + (i << 2), 16));
      }
      let s = total4(f32x4.add(s0, s1));
      for (; i < stop; i++) s += load<f32>(x + (i << 2));
      total += s;
    }
    store<f32>(out + (unit << 2), total * scale);
  }
}

/** out = the sum of `parts` arrays of `size` floats, in order. Units: blocks of 1,024 floats. */
export function sumParts(
  parts: usize, count: i32, size: i32, out: usize,
  begin: i32, end: i32, scratch: usize,
): void {
  for (let unit = begin; unit < end; unit++) {
    const first = unit << 10;
    const length = min(1024, size - first);
    const to = out + (first << 2);
    copyFloats(to, parts + (first << 2), length);
    for (let p = 1; p < count; p++) addFloats(to, parts + ((<usize>p * size + first) << 2), length);
  }
}

/** dx rows of one image all equal to scale * dy [c]. Units: images. */
export function spreadRows(
  dy: usize, rows: i32, c: i32, scale: f32, dx: usize,
  begin: i32, end: i32, scratch: usize,
): void {
  const factor = f32x4.splat(scale);
  for (let unit = begin; unit < end; unit++) {
    const from = dy + (<usize>unit * c << 2);
    let to = dx + (<usize>unit * rows * c << 2);
    for (let r = 0; r < rows; r++) {
      let j = 0;
      for (; j + 4 <= c; j += 4, to += 16) v128.store(to, f32x4.mul(v128.load(from + (j << 2)), factor));
      for (; j < c; j++, to += 4) store<f32>(to, load<f32>(from + (j << 2)) * scale);
    }
  }
}
