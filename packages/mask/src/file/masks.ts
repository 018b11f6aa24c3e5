import {
  type CodedMask,
  decodeMask,
  encodeMask,
  type MaskCoding,
  PleatFormatError,
  type Section,
} from '@pleat/codec';
import { PleatModelError } from './errors.ts';

/** A mask as it goes into a file; hints are what a decoder knows of each weight before its bit. */
export interface StoredMask {
  shape: number[];
  bits: Uint8Array;
  hints: Uint8Array | undefined;
}

// A header of its own costs a mask about a hundred bytes, as much as a small mask: so masks are bundled, each coded by itself
// with its own shape, a byte for its coding and its length in front. A bundle ends where it has this many weights, so that
// a large file still comes in usable pieces.
const weightsInBundle = 2 ** 20;
const codings: readonly CodedMask[] = ['raw', 'range', 'hinted'];

/** What stands before a mask in its bundle: a byte for its coding, and its length, seven bits a byte. */
export function maskHead(coding: CodedMask, length: number): number[] {
  const head = [codings.indexOf(coding)];
  let rest = length;
  for (; rest >= 128; rest = Math.floor(rest / 128)) head.push((rest % 128) + 128);
  head.push(rest);
  return head;
}

function bundle(masks: readonly StoredMask[], coding: MaskCoding): Uint8Array {
  const parts: Uint8Array[] = [];
  for (const { shape, bits, hints } of masks) {
    const { coding: taken, bytes } = encodeMask(bits, shape, coding, hints);
    parts.push(Uint8Array.from(maskHead(taken, bytes.length)), bytes);
  }
  const out = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    out.set(part, at);
    at += part.length;
  }
  return out;
}

/** The sections that hold masks, in order. */
export function maskSections(masks: readonly StoredMask[], coding: MaskCoding): Section[] {
  const bundles: StoredMask[][] = [];
  let room = 0;
  for (const mask of masks) {
    if (room <= 0) {
      bundles.push([]);
      room = weightsInBundle;
    }
    bundles.at(-1)?.push(mask);
    room -= mask.bits.length;
  }
  return bundles.map((own, i) => ({
    kind: 'bytes',
    name: `masks/${i}`,
    bytes: bundle(own, coding),
  }));
}

/** A mask taken from a file. */
export interface TakenMask {
  bits: Uint8Array;
  /** The section it lies in, and its bytes there; null where it shares one code with others. */
  section: string;
  bytes: number | null;
}

function fail(code: 'missing-section' | 'section-size' | 'shape', what: string): never {
  throw new PleatModelError(code, `decodeModel: ${what}.`);
}

/** Hands the masks of a file out again, in order: from bundles, or from the sections of files written before there were any. */
export class MaskReader {
  readonly #sections: Map<string, Section>;
  #taken = 0;
  #bundle = 0;
  #at = 0;

  constructor(sections: readonly Section[]) {
    this.#sections = new Map(sections.map((section) => [section.name, section]));
  }

  /**
   * The next mask.
   * @param shape What it must have.
   * @param hints What its encoder knew of each weight, if it asks for it.
   * @throws PleatModelError When the file has no such mask.
   * @throws PleatFormatError When its code is broken.
   */
  take(shape: readonly number[], hints: () => Uint8Array | undefined): TakenMask {
    if (this.#sections.has('masks/0')) return this.#fromBundle(shape, hints);
    const size = shape.reduce((product, dimension) => product * dimension, 1);
    const name = `mask/${this.#taken++}`;
    const own = this.#sections.get(name);
    if (own?.kind === 'mask') {
      if (`${own.shape}` === `${shape}`) return { bits: own.bits, section: name, bytes: null };
      return fail('shape', `section '${name}' is [${own.shape}], the model needs [${shape}]`);
    }
    const all = this.#sections.get('mask');
    if (all?.kind !== 'mask') {
      return fail('missing-section', `the file has no section '${name}', which its model needs`);
    }
    if (this.#at + size > all.bits.length) {
      return fail('section-size', "section 'mask' has fewer bits than the model needs");
    }
    this.#at += size;
    return { bits: all.bits.subarray(this.#at - size, this.#at), section: 'mask', bytes: null };
  }

  #fromBundle(shape: readonly number[], hints: () => Uint8Array | undefined): TakenMask {
    let section = this.#sections.get(`masks/${this.#bundle}`);
    if (section?.kind === 'bytes' && this.#at === section.bytes.length) {
      section = this.#sections.get(`masks/${++this.#bundle}`);
      this.#at = 0;
    }
    const name = `masks/${this.#bundle}`;
    if (section?.kind !== 'bytes') {
      return fail('missing-section', `the file has no section '${name}', which its model needs`);
    }
    const { bytes } = section;
    const begin = this.#at;
    const coding = codings[bytes[this.#at++] ?? codings.length];
    if (coding === undefined) {
      return fail('section-size', `section '${name}' has no mask at byte ${begin}`);
    }
    let length = 0;
    for (let scale = 1, byte = 128; byte >= 128; scale *= 128) {
      byte = bytes[this.#at++] ?? 256;
      length += (byte & 127) * scale;
      if (byte > 255 || length > bytes.length) {
        return fail('section-size', `the mask at byte ${begin} of section '${name}' has no length`);
      }
    }
    if (this.#at + length > bytes.length) {
      return fail(
        'section-size',
        `the mask at byte ${begin} of section '${name}' runs past its end`,
      );
    }
    const own = bytes.subarray(this.#at, this.#at + length);
    this.#at += length;
    const known = coding === 'hinted' ? hints() : undefined;
    if (coding === 'hinted' && known === undefined) {
      return fail(
        'shape',
        `the mask at byte ${begin} of section '${name}' wants hints it cannot have`,
      );
    }
    try {
      const bits = decodeMask(own, shape, coding, known);
      return { bits, section: name, bytes: this.#at - begin };
    } catch (error) {
      if (!(error instanceof PleatFormatError)) throw error;
      throw new PleatFormatError(error.code, `section '${name}': ${error.message}`);
    }
  }

  /** @throws PleatModelError When masks are left that nobody took. */
  finish(): void {
    const bundle = this.#sections.get(`masks/${this.#bundle}`);
    const inBundle = bundle?.kind === 'bytes' && this.#at < bundle.bytes.length;
    const single = this.#sections.get('mask');
    const inSingle = single?.kind === 'mask' && this.#at < single.bits.length;
    const more =
      this.#sections.has(`masks/${this.#bundle + 1}`) || this.#sections.has(`mask/${this.#taken}`);
    if (inBundle || inSingle || more)
      fail('section-size', 'the file has more masks than its model');
  }
}
