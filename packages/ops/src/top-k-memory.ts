/** How far beside the foretold place the next is looked for, in the largest recent errors of the foretelling. */
const WIDTH = 3;
/** What is left of the largest error a call later. */
const FADING = 0.85;
/** Never looked for nearer than that: 2^-18 of a score. */
const LEAST = 32;

/**
 * What the selections of one tensor of scores hand on, from training step to training step: where the threshold lay and how it
 * moves, so that the next call looks there first. It decides how long a selection takes and never what it gives.
 *
 * Ranks are the bits of |score| as an integer plus 0x7fffff, which order as the magnitudes do. While a network trains the
 * threshold drifts; the next place is foretold by going on as in the last step, and searched within a few of the errors
 * that this made lately.
 */
export class TopKMemory {
  #rank: number | null = null;
  #drift = 0;
  #error = 0;

  /** The ranks between which the threshold may lie now; null before there were two calls. */
  bracket(): { low: number; high: number } | null {
    if (this.#rank === null || this.#error === 0) return null;
    const place = this.#rank + this.#drift;
    const reach = Math.max(LEAST, Math.ceil(WIDTH * this.#error));
    return { low: Math.max(0, place - reach), high: Math.min(0x7fffffff, place + reach) };
  }

  /** Takes the threshold that a call found, as a rank. */
  remember(rank: number): void {
    if (this.#rank !== null) {
      const error = Math.abs(rank - this.#rank - this.#drift);
      const missed = error > WIDTH * this.#error;
      // After a miss the error may still be growing.
      this.#error = Math.max(1, error, this.#error * (missed ? 2 : FADING));
      this.#drift = rank - this.#rank;
    }
    this.#rank = rank;
  }
}
