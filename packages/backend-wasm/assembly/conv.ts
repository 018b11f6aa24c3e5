// Convolutions over NHWC as matrix products on patches, a few positions at a time in scratch memory.
import { addFloats, copyFloats } from './math';
import { finish, product } from './gemm';

/** Patches of positions [from, to): rows of height * width * c floats, `row` bytes apart. */
function gather(
  x: usize, h: i32, w: i32, c: i32, fh: i32, fw: i32, sh: i32, sw: i32, dh: i32, dw: i32,
  top: i32, left: i32, outH: i32, outW: i32, from: i32, to: i32, out: usize, row: usize,
): void {
  const pixel = <usize>c << 2;
  for (let p = from; p < to; p++, out += row) {
    const image = p / (outH * outW);
    const rest = p - image * outH * outW;
    const oy = rest / outW;
    const y0 = oy * sh - top;
    const x0 = (rest - oy * outW) * sw - left;
    let at = out;
    for (let i = 0; i < fh; i++) {
      const y = y0 + i * dh;
      const line = x + (<usize>(image * h + y) * w) * pixel;
      if (y < 0 || y >= h) {
        memory.fill(at, 0, pixel * fw);
        at += pixel * fw;
      } else if (dw == 1 && x0 >= 0 && x0 + fw <= w) {
        copyFloats(at, line + x0 * pixel, fw * c);
        at += pixel * fw;
      } else {
        for (let j = 0; j < fw; j++, at += pixel) {
          const column = x0 + j * dw;
          if (column < 0 || column >= w) memory.fill(at, 0, pixel);
          else copyFloats(at, line + column * pixel, c);
        }
      }
    }
  }
}

/** Units: blocks of 48 positions. filter: panels of [patch, n]. Scratch: 256 + 48 * patch floats. */
export function conv(
  x: usize, h: i32, w: i32, c: i32, fh: i32, fw: i32, sh: i32, sw: i32, dh: i32, dw: i32,
  top: i32, left: i32, outH: i32, outW: i32, positions: i32,
  filter: usize, y: usize, n: i32, bias: usize, act: i32,
  begin: i32, end: i32, scratch: usize,
): void {
  const patch = fh * fw * c;
  const row = <usize>patch << 2;
  const rowY = <usize>n << 2;
  const patches = scratch + 256;
  for (let unit = begin; unit < end; unit++) {
    const from = unit * 48;
    const to = min(positions, from + 48);
    gather(x, h, w, c, fh, fw, sh, sw, dh, dw, top, left, outH, outW, from, to, patches, row);
    const out = y + from * rowY;
    product(patches, row, 4, filter, 32, row << 3, out, rowY, to - from, n, patch, false, scratch);
    finish(out, rowY, to - from, n, bias, act);
  }
}

/** Units: images. filter: panels of the transpose, [n, patch]. Scratch: 256 + 48 * patch floats. */
export function convInputGrad(
  dx: usize, h: i32, w: i32, c: i32, fh: i32, fw: i32, sh: i32, sw: i32, dh: i32, dw: i32,
  top: i32, left: i32, outH: i32, outW: i32, filter: usize, dy: usize, n: i32,
  begin: i32, end: i32, scratch: usize,
): void {
  const patch = fh * fw * c;
  const row = <usize>patch << 2;
  const rowY = <usize>n << 2;
  const pixel = <usize>c << 2;
  const patches = scratch + 256;
  for (let image = begin; image < end; image++) {
    const to = dx + (<usize>image * h * w) * pixel;
    memory.fill(to, 0, pixel * h * w);
    for (let p = 0; p < outH * outW; p += 48) {
      const rows = min(48, outH * outW - p);
      product(
        dy + (image * outH * outW + p) * rowY, rowY, 4, filter, 32, rowY << 3,
        patches, row, rows, patch, n, false, scratch,
      );
      for (let r = 0; r < rows; r++) {
        const oy = (p + r) / outW;
        const y0 = oy * sh - top;
        const x0 = (p + r - oy * outW) * sw - left;
        let at = patches + r * row;
        for (let i = 0; i < fh; i++) {
          const y = y0 + i * dh;
          for (let j = 0; j < fw; j++, at += pixel) {
            const column = x0 + j * dw;
            if (y < 0 || y >= h || column < 0 || column >= w) continue;
            addFloats(to + (y * w + column) * pixel, at, c);
          }
        }
      }
    }
  }
}

/**
 * Units: runs of positions, each with a partial sum [patch, n] of its own in `partial`.
 * Scratch: 256 + 96 * (patch + 16) floats, and 96 * (n + 8) more.
 */
export function convFilterGrad(
  x: usize, h: i32, w: i32, c: i32, fh: i32, fw: i32, sh: i32, sw: i32, dh: i32, dw: i32,
  top: i32, left: i32, outH: i32, outW: i32, positions: i32, run: i32,
  dy: usize, n: i32, partial: usize,
  begin: i32, end: i32, scratch: usize,
): void {
  const patch = fh * fw * c;
  // A row of a power of two would put every row into the same few cache sets.
  const row = (<usize>patch << 2) + ((patch & 63) == 0 ? 64 : 0);
  const rowY = <usize>n << 2;
  const patches = scratch + 256;
  const panels = patches + row * 96;
  const direct = (n & 7) == 0 && n <= 128;
  for (let unit = begin; unit < end; unit++) {
    const out = partial + <usize>unit * patch * rowY;
    const last = min(positions, (unit + 1) * run);
    let add = false;
    for (let from = unit * run; from < last; from += 96) {
      const to = min(last, from + 96);
      gather(x, h, w, c, fh, fw, sh, sw, dh, dw, top, left, outH, outW, from, to, patches, row);
      const rows = to - from;
      const source = dy + from * rowY;
      if (direct) {
        product(patches, 4, row, source, rowY, 32, out, rowY, patch, n, rows, add, scratch);
      } else {
        for (let j = 0; j < n; j += 8) {
          const panel = panels + (j >> 3) * (rows << 5);
          const width = min(8, n - j);
          for (let r = 0; r < rows; r++) copyFloats(panel + (r << 5), source + r * rowY + (j << 2), width);
        }
        product(patches, 4, row, panels, 32, rows << 5, out, rowY, patch, n, rows, add, scratch);
      }
      add = true;
    }
  }
}
