// Depthwise convolutions over NHWC. A unit is 16 channels of an image (one cache line a pixel): they are
// copied into four padded planes of 4 channels each, so that the inner loops know no border, no channel
// stride and no tail.

/**
 * Fills the four planes [height][width][4] from channels [first, first + 16) of an image [h][w][c], its
 * pixel (y, x) at (y * upY + top, x * upX + left); the rest is 0. Channel k reads channel k / repeat.
 */
function fillPlanes(
  planes: usize, height: i32, width: i32, image: usize, h: i32, w: i32, c: i32, first: i32, repeat: i32,
  upY: i32, upX: i32, top: i32, left: i32,
): void {
  const plane = <usize>(height * width) << 4;
  memory.fill(planes, 0, plane << 2);
  const count = min(16, c - first);
  const whole = count == 16 && repeat == 1;
  const pixel = <usize>(c / repeat) << 2;
  for (let y = 0; y < h; y++) {
    const row = y * upY + top;
    if (row < 0 || row >= height) continue;
    let from = image + y * w * pixel;
    for (let x = 0; x < w; x++, from += pixel) {
      const column = x * upX + left;
      if (column < 0 || column >= width) continue;
      const to = planes + (<usize>(row * width + column) << 4);
      if (whole) {
        const at = from + (first << 2);
        v128.store(to, v128.load(at));
        v128.store(to + plane, v128.load(at, 16));
        v128.store(to + (plane << 1), v128.load(at, 32));
        v128.store(to + plane * 3, v128.load(at, 48));
      } else {
        for (let k = 0; k < count; k++) {
          const at = from + (((first + k) / repeat) << 2);
          store<f32>(to + plane * (k >> 2) + ((k & 3) << 2), load<f32>(at));
        }
      }
    }
  }
}

/** Stores the first `lanes` of v. */
// @ts-ignore: decorator
@inline
function storeLanes(to: usize, v: v128, lanes: i32): void {
  if (lanes >= 4) {
    v128.store(to, v);
    return;
  }
  store<f32>(to, f32x4.extract_lane(v, 0));
  if (lanes > 1) store<f32>(to, f32x4.extract_lane(v, 1), 4);
  if (lanes > 2) store<f32>(to, f32x4.extract_lane(v, 2), 8);
}

/** The filter of one plane, [taps][4]. */
function fillTaps(to: usize, filter: usize, taps: i32, c: i32, first: i32, lanes: i32, flip: bool): void {
  for (let t = 0; t < taps; t++) {
    const from = filter + (((flip ? taps - 1 - t : t) * c + first) << 2);
    for (let k = 0; k < 4; k++) store<f32>(to + (t << 4) + (k << 2), k < lanes ? load<f32>(from + (k << 2)) : 0);
  }
}

/** Eight neighbours of a row at once, stride 1. */
// @ts-ignore: decorator
@inline
function eight(at: usize, line: usize, step: usize, taps: usize, fh: i32, fw: i32, to: usize, pixel: usize, lanes: i32): void {
  let s0 = f32x4.splat(0), s1 = s0, s2 = s0, s3 = s0, s4 = s0, s5 = s0, s6 = s0, s7 = s0;
  for (let i = 0; i < fh; i++, at += line) {
    let p = at;
    for (let j = 0; j < fw; j++, p += step, taps += 16) {
      const f = v128.load(taps);
      s0 = f32x4.add(s0, f32x4.mul(f, v128.load(p)));
      s1 = f32x4.add(s1, f32x4.mul(f, v128.load(p, 16)));
      s2 = f32x4.add(s2, f32x4.mul(f, v128.load(p, 32)));
      s3 = f32x4.add(s3, f32x4.mul(f, v128.load(p, 48)));
      s4 = f32x4.add(s4, f32x4.mul(f, v128.load(p, 64)));
      s5 = f32x4.add(s5, f32x4.mul(f, v128.load(p, 80)));
      s6 = f32x4.add(s6, f32x4.mul(f, v128.load(p, 96)));
      s7 = f32x4.add(s7, f32x4.mul(f, v128.load(p, 112)));
    }
  }
  storeLanes(to, s0, lanes); to += pixel;
  storeLanes(to, s1, lanes); to += pixel;
  storeLanes(to, s2, lanes); to += pixel;
  storeLanes(to, s3, lanes); to += pixel;
  storeLanes(to, s4, lanes); to += pixel;
  storeLanes(to, s5, lanes); to += pixel;
  storeLanes(to, s6, lanes); to += pixel;
  storeLanes(to, s7, lanes);
}

/**
 * y = depthwise convolution of x, upsampled by zeros when up > 1, with the filter, turned when flip != 0.
 * The input gradient is this same kernel on dy. c counts the channels of y. Units: images * blocks of 16.
 */
export function depthwise(
  x: usize, h: i32, w: i32, c: i32, repeat: i32, upY: i32, upX: i32,
  filter: usize, fh: i32, fw: i32, flip: i32, sh: i32, sw: i32, dh: i32, dw: i32, top: i32, left: i32,
  y: usize, outH: i32, outW: i32,
  begin: i32, end: i32, scratch: usize,
): void {
  const height = (outH - 1) * sh + (fh - 1) * dh + 1;
  const width = (outW - 1) * sw + (fw - 1) * dw + 1;
  const plane = <usize>(height * width) << 4;
  const blocks = (c + 15) >> 4;
  const taps = scratch;
  const planes = scratch + (<usize>(fh * fw) << 4);
  const line = <usize>(dh * width) << 4;
  const step = <usize>dw << 4;
  const stride = <usize>sw << 4;
  const pixel = <usize>c << 2;
  for (let unit = begin; unit < end; unit++) {
    const image = unit / blocks;
    const first = (unit - image * blocks) << 4;
    const source = x + (<usize>image * h * w * (c / repeat) << 2);
    fillPlanes(planes, height, width, source, h, w, c, first, repeat, upY, upX, top, left);
    for (let k = 0; k < 4; k++) {
      const lanes = c - first - (k << 2);
      if (lanes <= 0) break;
      fillTaps(taps, filter, fh * fw, c, first + (k << 2), min(4, lanes), flip != 0);
      let to = y + <usize>image * outH * outW * pixel + ((first + (k << 2)) << 2);
      for (let oy = 0; oy < outH; oy++) {
        let at = planes + k * plane + (<usize>(oy * sh * width) << 4);
        let ox = 0;
        if (sw == 1) {
          for (; ox + 8 <= outW; ox += 8, at += 128, to += pixel << 3) {
            eight(at, line, step, taps, fh, fw, to, pixel, lanes);
          }
        }
        for (; ox < outW; ox++, at += stride, to += pixel) {
          let s = f32x4.splat(0);
          let f = taps;
          for (let i = 0; i < fh; i++) {
            let p = at + i * line;
            for (let j = 0; j < fw; j++, p += step, f += 16) {
              s = f32x4.add(s, f32x4.mul(v128.load(f), v128.load(p)));
            }
          }
          storeLanes(to, s, lanes);
        }
      }
    }
  }
}

// @ts-ignore: decorator
@inline
function addTo(at: usize, v: v128): void {
  v128.store(at, f32x4.add(v128.load(at), v));
}

/** Five neighbouring taps of a filter row: their sums over the whole plane, dilation 1. */
function fiveTaps(x: usize, line: usize, stride: usize, dy: usize, outH: i32, outW: i32, sums: usize): void {
  let s0 = f32x4.splat(0), s1 = s0, s2 = s0, s3 = s0, s4 = s0;
  for (let oy = 0; oy < outH; oy++, x += line) {
    let p = x;
    for (let ox = 0; ox < outW; ox++, p += stride, dy += 16) {
      const g = v128.load(dy);
      s0 = f32x4.add(s0, f32x4.mul(g, v128.load(p)));
      s1 = f32x4.add(s1, f32x4.mul(g, v128.load(p, 16)));
      s2 = f32x4.add(s2, f32x4.mul(g, v128.load(p, 32)));
      s3 = f32x4.add(s3, f32x4.mul(g, v128.load(p, 48)));
      s4 = f32x4.add(s4, f32x4.mul(g, v128.load(p, 64)));
    }
  }
  addTo(sums, s0);
  addTo(sums + 16, s1);
  addTo(sums + 32, s2);
  addTo(sums + 48, s3);
  addTo(sums + 64, s4);
}

/** Three neighbouring taps of a filter row, dilation 1. */
function threeTaps(x: usize, line: usize, stride: usize, dy: usize, outH: i32, outW: i32, sums: usize): void {
  let s0 = f32x4.splat(0), s1 = s0, s2 = s0;
  for (let oy = 0; oy < outH; oy++, x += line) {
    let p = x;
    for (let ox = 0; ox < outW; ox++, p += stride, dy += 16) {
      const g = v128.load(dy);
      s0 = f32x4.add(s0, f32x4.mul(g, v128.load(p)));
      s1 = f32x4.add(s1, f32x4.mul(g, v128.load(p, 16)));
      s2 = f32x4.add(s2, f32x4.mul(g, v128.load(p, 32)));
    }
  }
  addTo(sums, s0);
  addTo(sums + 16, s1);
  addTo(sums + 32, s2);
}

function oneTap(x: usize, line: usize, stride: usize, dy: usize, outH: i32, outW: i32, sums: usize): void {
  let s0 = f32x4.splat(0);
  for (let oy = 0; oy < outH; oy++, x += line) {
    let p = x;
    for (let ox = 0; ox < outW; ox++, p += stride, dy += 16) {
      s0 = f32x4.add(s0, f32x4.mul(v128.load(dy), v128.load(p)));
    }
  }
  addTo(sums, s0);
}

/** Units: runs of images * blocks of 16 channels; each run has a partial sum [taps, c] of its own. */
export function depthwiseFilterGrad(
  x: usize, images: i32, h: i32, w: i32, c: i32, repeat: i32,
  fh: i32, fw: i32, sh: i32, sw: i32, dh: i32, dw: i32, top: i32, left: i32,
  dy: usize, outH: i32, outW: i32, run: i32, partial: usize,
  begin: i32, end: i32, scratch: usize,
): void {
  const height = (outH - 1) * sh + (fh - 1) * dh + 1;
  const width = (outW - 1) * sw + (fw - 1) * dw + 1;
  const plane = <usize>(height * width) << 4;
  const planeY = <usize>(outH * outW) << 4;
  const blocks = (c + 15) >> 4;
  const taps = fh * fw;
  const sums = scratch;
  const planes = scratch + (<usize>taps << 6);
  const planesY = planes + (plane << 2);
  const line = <usize>(sh * width) << 4;
  const stride = <usize>sw << 4;
  for (let unit = begin; unit < end; unit++) {
    const part = unit / blocks;
    const first = (unit - part * blocks) << 4;
    memory.fill(sums, 0, <usize>taps << 6);
    for (let image = part * run, last = min(images, (part + 1) * run); image < last; image++) {
      fillPlanes(planes, height, width, x + (<usize>image * h * w * (c / repeat) << 2), h, w, c, first, repeat, 1, 1, top, left);
      fillPlanes(planesY, outH, outW, dy + (<usize>image * outH * outW * c << 2), outH, outW, c, first, 1, 1, 1, 0, 0);
      for (let k = 0; k < 4 && first + (k << 2) < c; k++) {
        const g = planesY + k * planeY;
        let sum = sums + (k * taps << 4);
        for (let i = 0; i < fh; i++) {
          let at = planes + k * plane + (<usize>(i * dh * width) << 4);
          for (let j = 0; j < fw; ) {
            if (dw == 1 && fw - j >= 5) {
              fiveTaps(at, line, stride, g, outH, outW, sum);
              at += 80; sum += 80; j += 5;
            } else if (dw == 1 && fw - j >= 3) {
              threeTaps(at, line, stride, g, outH, outW, sum);
              at += 48; sum += 48; j += 3;
            } else {
              oneTap(at, line, stride, g, outH, outW, sum);
              at += <usize>dw << 4; sum += 16; j++;
            }
          }
        }
      }
    }
    for (let k = 0; k < 4; k++) {
      const lanes = c - first - (k << 2);
      if (lanes <= 0) break;
      for (let t = 0; t < taps; t++) {
        const to = partial + (((part * taps + t) * c + first + (k << 2)) << 2);
        storeLanes(to, v128.load(sums + ((k * taps + t) << 4)), lanes);
      }
    }
  }
}
