// At which widths integral models are trained. Shares are multiples of an eighth: a GPU's library prepares each new shape of a
// convolution, which costs more than a step; a step therefore draws one share for the early groups and one for the late ones.
import { integralGroups } from '@pleat/integral';
import { rng, stream } from '@pleat/random';
import { networks } from './networks.mjs';

const eighths = (from) => Array.from({ length: 9 - from }, (_, i) => (from + i) / 8);

/** Training ranges: algorithm 1 of the paper, and the one model for every size. */
export const ranges = { pipeline: eighths(4), anySize: eighths(2) };

/** Sizes of all groups with a share for those of the end of the network and one for the others. */
export function sizesAt(model, network, { early, late }) {
  const { late: isLate } = networks[network];
  return Object.fromEntries(
    integralGroups(model).map(({ id, coefficients }) => {
      const share = isLate.test(id) ? late : early;
      return [id, Math.max(1, Math.round(share * coefficients))];
    }),
  );
}

/** The shares of one training step; they follow from seed and step. */
export function drawShares(range, seed, step) {
  const random = rng(stream(seed, `widths/${step}`));
  return { early: range[random.integer(range.length)], late: range[random.integer(range.length)] };
}
