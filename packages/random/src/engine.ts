/** Draws a few thousand words at once and turns them, in place, into numbers; JavaScript and WebAssembly agree bit for bit. */
export interface Engine {
  /** Where words are drawn to; its length is a multiple of 128. */
  readonly words: Uint32Array;
  /** The same memory as floats. */
  readonly floats: Float32Array;
  /** Draws the words of `blocks` counter blocks, from the given one on, to the start of `words`. */
  draw(key: readonly [number, number], block: number, blocks: number): void;
  /** `count` words -> `count` floats: min((word >>> 8) * scale + low, highest). */
  uniform(count: number, scale: number, low: number, highest: number): void;
  /** `count` words -> `count` floats: quantile(word) * std + mean. */
  normal(count: number, std: number, mean: number): void;
  /** `count` words -> 32 * `count` floats: `magnitude`, negative where the bit, least significant first, is 1. */
  sign(count: number, magnitude: number): void;
}
