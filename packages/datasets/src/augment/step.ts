import type { Rng } from '@pleat/random';

/** Height, width and channels of every image a step sees; the channels are 1 (grey) or 3 (RGB). */
export type ImageShape = readonly [height: number, width: number, channels: number];

/**
 * One augmentation, ready to run on bytes of one shape.
 *
 * Writes the new image to `to` and returns true, or leaves it alone and returns false (the image stays as it is).
 */
export type PixelStep = (from: Uint8Array, to: Uint8Array, random: Rng) => boolean;
