import { encodeContainer, type MaskCoding, type Section } from '@pleat/codec';
import { PleatModelError } from './errors.ts';

/** A mask as it goes into a file. */
export interface StoredMask {
  shape: number[];
  bits: Uint8Array;
}

// Up to here both ways of storing are tried; above, the headers of single sections weigh nothing.
const tried = 2 ** 20;

function single(masks: readonly StoredMask[], coding: MaskCoding): Section[] {
  return masks.map(({ shape, bits }, i) => ({
    kind: 'mask',
    name: `mask/${i}`,
    shape,
    bits,
    coding,
  }));
}

function joined(masks: readonly StoredMask[], coding: MaskCoding): Section[] {
  const size = masks.reduce((sum, { bits }) => sum + bits.length, 0);
  const bits = new Uint8Array(size);
  let at = 0;
  for (const mask of masks) {
    bits.set(mask.bits, at);
    at += mask.bits.length;
  }
  return [{ kind: 'mask', name: 'mask', shape: [size], bits, coding }];
}

/** One section a mask lets the coder use its shape; one for all saves a header each. Gives whichever is smaller. */
export function maskSections(masks: readonly StoredMask[], coding: MaskCoding): Section[] {
  if (masks.length < 2) return single(masks, coding);
  const apart = single(masks, coding);
  if (masks.reduce((sum, { bits }) => sum + bits.length, 0) > tried) return apart;
  const together = joined(masks, coding);
  return encodeContainer(together).length <= encodeContainer(apart).length ? together : apart;
}

/** Hands the masks of a file out again, in order. */
export class MaskReader {
  readonly #sections: Map<string, { bits: Uint8Array; shape: number[] }>;
  #taken = 0;
  #at = 0;

  constructor(sections: readonly Section[]) {
    this.#sections = new Map(
      sections.flatMap((section) =>
        section.kind === 'mask'
          ? [[section.name, { bits: section.bits, shape: section.shape }] as const]
          : [],
      ),
    );
  }

  /** How many masks were handed out. */
  get taken(): number {
    return this.#taken;
  }

  /** @throws PleatModelError When the file has no such mask. */
  take(shape: readonly number[]): Uint8Array {
    const size = shape.reduce((product, dimension) => product * dimension, 1);
    const name = `mask/${this.#taken++}`;
    const own = this.#sections.get(name);
    if (own !== undefined) {
      if (`${own.shape}` === `${shape}`) return own.bits;
      throw new PleatModelError(
        'shape',
        `decodeModel: section '${name}' is [${own.shape}], the model needs [${shape}].`,
      );
    }
    const all = this.#sections.get('mask');
    if (all === undefined) {
      throw new PleatModelError(
        'missing-section',
        `decodeModel: the file has no section '${name}', which its model needs.`,
      );
    }
    if (this.#at + size > all.bits.length) {
      throw new PleatModelError(
        'section-size',
        "decodeModel: section 'mask' has fewer bits than the model needs.",
      );
    }
    this.#at += size;
    return all.bits.subarray(this.#at - size, this.#at);
  }
}
