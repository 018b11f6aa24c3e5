import type { Rng } from '@pleat/random';
import type { ImageShape } from './step.ts';

/** A rectangle of an image, in pixels. */
export interface Region {
  top: number;
  left: number;
  height: number;
  width: number;
}

/**
 * Draws a rectangle of random area, shape and place: 10 tries at one that fits, as torchvision does.
 *
 * @param scale smallest and largest share of the image's area
 * @param ratio narrowest and widest ratio of width to height, drawn evenly on a logarithmic scale
 * @param largest greatest height and width that fit
 * @returns the rectangle, or null after 10 that do not fit
 */
export function drawRegion(
  [height, width]: ImageShape,
  [smallest, greatest]: readonly [number, number],
  [narrow, wide]: readonly [number, number],
  largest: readonly [height: number, width: number],
  random: Rng,
): Region | null {
  for (let attempt = 0; attempt < 10; attempt++) {
    const area = height * width * random.uniform(smallest, greatest);
    const ratio = Math.exp(random.uniform(Math.log(narrow), Math.log(wide)));
    const w = Math.round(Math.sqrt(area * ratio));
    const h = Math.round(Math.sqrt(area / ratio));
    if (w > 0 && w <= largest[1] && h > 0 && h <= largest[0]) {
      const top = random.integer(height - h + 1);
      return { top, left: random.integer(width - w + 1), height: h, width: w };
    }
  }
  return null;
}
