import { decodeContainer, type SectionCoding, type SectionKind } from '@pleat/codec';
import { requireBytes } from '../arguments.ts';
import { documentOf, storedWeights } from './decode.ts';
import type { StoredSource, WeightForm } from './document.ts';
import { MaskReader } from './masks.ts';

/** One section of a file. */
export interface SectionReport {
  name: string;
  kind: SectionKind;
  coding: SectionCoding;
  bytes: number;
  /** Largest absolute error of a lossy coding; null where nothing is lost. */
  maxError: number | null;
}

/** One weight of the model. */
export interface WeightReport {
  /** Path of the layer; models in models are joined by `/`. */
  layer: string;
  shape: number[];
  weights: number;
  /** `binary` and `sign` are masks, the others values. */
  form: WeightForm;
  /** Share of bits that are 1: weights kept, or positive signs; null for values. */
  kept: number | null;
  /** Bits of the file per weight, averaged over the section it lies in. */
  bitsPerWeight: number;
}

/** What a `.pleat` file holds and what it costs. */
export interface ModelReport {
  fileBytes: number;
  headerBytes: number;
  /** Bytes of the same model's weights as float32, norms and biases included. */
  float32Bytes: number;
  /** Share of bytes saved, by the file as it is: 1 - fileBytes / float32Bytes. */
  trueRatio: number;
  /**
   * Share saved as the PEMN paper counts: 1 - (32 U + P) / (32 P) for U prototype values and P masked weights, norms, biases
   * and the file's structure left out (Bai et al., NeurIPS 2022); null when nothing is masked.
   */
  paperRatio: number | null;
  sections: SectionReport[];
  weights: WeightReport[];
  prototypes: StoredSource[];
  metadata: Record<string, unknown>;
}

const product = (shape: readonly number[]): number => shape.reduce((a, b) => a * b, 1);

/**
 * Reports what a `.pleat` file holds, without building the model.
 * @param bytes The whole file.
 * @returns Sections, weights with kept shares and bits, and the two ratios.
 * @throws TypeError When bytes is no Uint8Array.
 * @throws PleatFormatError When the container is broken.
 * @throws PleatModelError When it holds no readable model.
 * @example
 * // masked: 100 x 100 weights behind signed masks, ratio 0.01, no bias
 * const report = inspectModel(await encodeModel(masked));
 * report.float32Bytes; // 40000
 * report.paperRatio?.toFixed(4); // 0.9587
 */
export function inspectModel(bytes: Uint8Array): ModelReport {
  requireBytes('inspectModel', bytes);
  const { sections, header } = decodeContainer(bytes);
  const { model, sources, metadata } = documentOf(sections);
  const cost = new Map(
    header.sections.map(({ name, start, end, shape }) => [
      name,
      (8 * (end - start)) / Math.max(1, product(shape)),
    ]),
  );
  const masks = new MaskReader(sections);
  let masked = 0;
  const weights = storedWeights(model).flatMap(({ path, weights }) =>
    weights.map(({ form, shape }): WeightReport => {
      const size = product(shape);
      const base = { layer: path, shape, weights: size, form };
      if (form !== 'binary' && form !== 'sign') {
        const name = form === 'uint8' ? `uint8/${size}` : form;
        return { ...base, kept: null, bitsPerWeight: cost.get(name) ?? 0 };
      }
      const bitsPerWeight = cost.get(`mask/${masks.taken}`) ?? cost.get('mask') ?? 0;
      let ones = 0;
      for (const bit of masks.take(shape)) ones += bit;
      masked += size;
      return { ...base, kept: ones / Math.max(1, size), bitsPerWeight };
    }),
  );
  const float32Bytes = 4 * weights.reduce((sum, { weights }) => sum + weights, 0);
  const unique = sources.reduce((sum, { length }) => sum + length, 0);
  return {
    fileBytes: bytes.length,
    headerBytes: header.headerBytes,
    float32Bytes,
    trueRatio: 1 - bytes.length / float32Bytes,
    paperRatio: masked === 0 ? null : 1 - (32 * unique + masked) / (32 * masked),
    sections: header.sections.map(({ name, kind, coding, start, end, maxError }) => ({
      name,
      kind,
      coding,
      bytes: end - start,
      maxError: maxError ?? null,
    })),
    weights,
    prototypes: sources,
    metadata,
  };
}
