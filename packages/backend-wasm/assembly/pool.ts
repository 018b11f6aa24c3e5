// The gradient of max pooling over NHWC.

/** dx of max pooling: dy goes to the first largest number of each window. Units: images. */
export function maxPoolGrad(
  dy: usize, x: usize, dx: usize, h: i32, w: i32, c: i32, fh: i32, fw: i32, sh: i32, sw: i32, dh: i32, dw: i32,
  top: i32, left: i32, outH: i32, outW: i32,
  begin: i32, end: i32, scratch: usize,
): void {
  const pixel = <usize>c << 2;
  for (let image = begin; image < end; image++) {
    const from = x + <usize>(image * h * w) * pixel;
    const to = dx + <usize>(image * h * w) * pixel;
    let g = dy + <usize>(image * outH * outW) * pixel;
    memory.fill(to, 0, pixel * h * w);
    for (let oy = 0; oy < outH; oy++) {
      for (let ox = 0; ox < outW; ox++) {
        for (let k: usize = 0; k < pixel; k += 4, g += 4) {
          let best: f32 = -Infinity;
          let place: usize = -1;
          for (let i = 0; i < fh; i++) {
            const row = oy * sh - top + i * dh;
            if (row < 0 || row >= h) continue;
            for (let j = 0; j < fw; j++) {
              const column = ox * sw - left + j * dw;
              if (column < 0 || column >= w) continue;
              const at = <usize>(row * w + column) * pixel + k;
              const value = load<f32>(from + at);
              if (value > best) {
                best = value;
                place = at;
              }
            }
          }
          if (place != -1) store<f32>(to + place, load<f32>(to + place) + load<f32>(g));
        }
      }
    }
  }
}
