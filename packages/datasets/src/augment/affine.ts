import type { ImageShape } from './step.ts';

/** x' = m0 x + m1 y + m2, y' = m3 x + m4 y + m5: where each new pixel's centre comes from. */
export type Affine = readonly [number, number, number, number, number, number];

const one = 65536;
const fixed = (value: number): number => Math.floor(value * one + 0.5);

/**
 * Moves pixels by an affine map, each new pixel taking the one its centre falls into, black outside.
 *
 * Works in 16.16 fixed point as Pillow's `Image.transform(AFFINE, NEAREST)` does, so that ties fall alike.
 */
export function warp(
  from: Uint8Array,
  to: Uint8Array,
  [height, width, channels]: ImageShape,
  [m0, m1, m2, m3, m4, m5]: Affine,
): void {
  const right = fixed(m0);
  const rightDown = fixed(m3);
  const down = fixed(m1);
  const downDown = fixed(m4);
  let startX = fixed(m2 + 0.5 * m0 + 0.5 * m1);
  let startY = fixed(m5 + 0.5 * m3 + 0.5 * m4);
  let at = 0;
  for (let y = 0; y < height; y++, startX += down, startY += downDown) {
    let x16 = startX;
    let y16 = startY;
    for (let x = 0; x < width; x++, x16 += right, y16 += rightDown) {
      const column = x16 >> 16;
      const row = y16 >> 16;
      const inside = column >= 0 && column < width && row >= 0 && row < height;
      const origin = (row * width + column) * channels;
      for (let c = 0; c < channels; c++) to[at++] = inside ? from[origin + c]! : 0;
    }
  }
}

/** The map that turns an image counter-clockwise about its middle. */
export function rotation([height, width]: ImageShape, degrees: number): Affine {
  const angle = (-degrees * Math.PI) / 180;
  const cos = Math.cos(angle);
  const sin = Math.sin(angle);
  const x = width / 2;
  const y = height / 2;
  return [cos, sin, x - cos * x - sin * y, -sin, cos, y + sin * x - cos * y];
}
