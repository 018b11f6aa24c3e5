import type { Section, SectionInfo } from '@pleat/codec';
import { frozenDropped, frozenKept } from '../layers/frozen.ts';
import { storedWeights } from './decode.ts';
import { isMaskForm, type ModelDocument, type StoredWeight, type WeightForm } from './document.ts';
import { FixedValues, signHints } from './fixed.ts';
import { MaskReader } from './masks.ts';
import { frozenOf } from './values.ts';

/** One weight of the model. */
export interface WeightReport {
  /** Path of the layer; models in models are joined by `/`. */
  layer: string;
  shape: number[];
  weights: number;
  /**
   * `binary`, `sign` and `ternary` are masks, `same` repeats an earlier mask, `constant` is one value,
   * `sparse` positions and values of what is not zero, the others are values.
   */
  form: WeightForm;
  /** Share of weights that are kept, or (`sign`) positive; null for what has no mask of its own. */
  kept: number | null;
  /** True for sparse weights of one magnitude a filter: what is kept is a sign. */
  signs: boolean;
  /** Share of weights whose place in the mask the seed decides; 0 for what is no mask. */
  frozen: number;
  /**
   * Bits of the file per weight, scales included. Values that share a section share its bytes by their number; so do masks of
   * files of the first form, by the entropy of their bits.
   */
  bitsPerWeight: number;
}

const product = (shape: readonly number[]): number => shape.reduce((a, b) => a * b, 1);

/** Bits that so many ones among n take when nothing else is known of them; a little more, so that no sum of them is 0. */
function entropyBits(ones: number, n: number): number {
  const part = (count: number) => (count === 0 ? 0 : -count * Math.log2(count / n));
  return part(ones) + part(n - ones) + 1;
}

/** Divides the bytes of sections among the weights that lie in them. */
class Shares {
  readonly #bits: Map<string, number>;
  readonly #claims: { name: string; claim: number; give: (bits: number) => void }[] = [];

  constructor(sections: readonly SectionInfo[]) {
    this.#bits = new Map(sections.map(({ name, start, end }) => [name, 8 * (end - start)]));
  }

  /** Claims a part of a section; `give` gets its bits when all are known. */
  claim(name: string, claim: number, give: (bits: number) => void): void {
    this.#claims.push({ name, claim, give });
  }

  settle(): void {
    const sums = new Map<string, number>();
    for (const { name, claim } of this.#claims) sums.set(name, (sums.get(name) ?? 0) + claim);
    for (const { name, claim, give } of this.#claims) {
      give(((this.#bits.get(name) ?? 0) * claim) / (sums.get(name) || 1));
    }
  }
}

/** Reports every weight of a model, in the order of the file. */
export function weightReports(
  document: ModelDocument,
  sections: readonly Section[],
  infos: readonly SectionInfo[],
): WeightReport[] {
  const shares = new Shares(infos);
  const masks = new MaskReader(sections);
  const fixed = new FixedValues(sections, document.sources);
  const reports: WeightReport[] = [];
  /** Reads one plane of a mask and says what it costs: what it takes in a bundle, or a share of the section it lies in. */
  const takePlane = (
    shape: number[],
    hints: () => Uint8Array | undefined,
    add: (bits: number) => void,
  ): number => {
    const { bits, section, bytes } = masks.take(shape, hints);
    const ones = bits.reduce((sum, bit) => sum + bit, 0);
    if (bytes === null) shares.claim(section, entropyBits(ones, bits.length), add);
    else add(8 * bytes);
    return ones;
  };
  const takeMask = (path: string, weight: StoredWeight, add: (bits: number) => void) => {
    const { form, shape } = weight;
    const size = product(shape);
    const frozen = frozenOf(document, weight);
    const count = (kind: number) => frozen?.reduce((n, k) => n + +(k === kind), 0) ?? 0;
    const decided = count(frozenKept) + count(frozenDropped);
    const hints = () => (form === 'binary' ? signHints(fixed.of(path, weight), frozen) : undefined);
    const ones = takePlane(frozen === null ? shape : [size - decided], hints, add);
    if (form === 'ternary') takePlane([ones], () => undefined, add);
    return {
      kept: (ones + count(frozenKept)) / Math.max(1, size),
      frozen: decided / Math.max(1, size),
    };
  };
  for (const { path, weights } of storedWeights(document.model)) {
    for (const weight of weights) {
      const { form, shape, scales, kept } = weight;
      const size = product(shape);
      const report: WeightReport = {
        layer: path,
        shape,
        weights: size,
        form,
        kept: null,
        signs: kept?.form === 'signs',
        frozen: 0,
        bitsPerWeight: 0,
      };
      reports.push(report);
      const add = (bits: number) => {
        report.bitsPerWeight += bits / Math.max(1, size);
      };
      const claimTensor = (form: WeightForm, size: number) =>
        shares.claim(form === 'uint8' ? `uint8/${size}` : form, size, add);
      if (isMaskForm(form)) Object.assign(report, takeMask(path, weight, add));
      else if (kept !== undefined) {
        report.kept = kept.count / Math.max(1, size);
        if (kept.count < size) takePlane(shape, () => undefined, add);
        if (kept.form === 'signs') {
          takePlane(kept.count < size ? [kept.count] : shape, () => undefined, add);
        } else {
          shares.claim(kept.form === 'codes' ? `codes/${kept.bits}` : kept.form, kept.count, add);
        }
      } else if (form !== 'same' && form !== 'constant') claimTensor(form, size);
      if (scales !== undefined) claimTensor(scales.form, product(scales.shape));
    }
  }
  shares.settle();
  return reports;
}
