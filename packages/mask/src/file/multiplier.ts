import type { MaskedKernel } from '../layers/kernel.ts';

/** A final mask taken apart for a file. */
export interface MaskParts {
  /** Of each free weight whether it is there (`binary`, `ternary`) or positive (`sign`). */
  bits: Uint8Array;
  /** Of each free weight of a ternary mask that is there, whether it is positive. */
  signs: Uint8Array;
  /** The one gain that all values of the mask share. */
  gain: number;
}

/**
 * Takes the mask of a kernel apart.
 * @throws Error When the learner gave other values than those of its alphabet.
 */
export function maskParts(path: string, kernel: MaskedKernel): MaskParts {
  const mask = kernel.mask();
  const values = mask.dataSync<'float32'>();
  mask.dispose();
  const { alphabet, name } = kernel.learner.learner;
  let gain = 0;
  for (const value of values) gain = Math.max(gain, Math.abs(value));
  const bits: number[] = [];
  const signs: number[] = [];
  values.forEach((value, i) => {
    if ((kernel.frozen?.[i] ?? 0) > 0) return;
    const allowed =
      value === gain ||
      (alphabet !== 'binary' && value === -gain) ||
      (alphabet !== 'sign' && value === 0);
    if (!allowed) {
      const expected = { binary: `0 and ${gain}`, sign: `${-gain} and ${gain}` };
      throw new Error(
        `encodeModel: learner '${name}' gave the mask of '${path}' the value ${value}; expected only ` +
          `${alphabet === 'ternary' ? `${-gain}, 0 and ${gain}` : expected[alphabet]}.`,
      );
    }
    const positive = value === gain && gain !== 0 ? 1 : 0;
    bits.push(alphabet === 'ternary' && value !== 0 ? 1 : positive);
    if (alphabet === 'ternary' && value !== 0) signs.push(positive);
  });
  return {
    bits: Uint8Array.from(bits),
    signs: Uint8Array.from(signs),
    gain: gain === 0 ? 1 : gain,
  };
}
