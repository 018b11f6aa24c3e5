import { decodeContainer, type SectionCoding, type SectionKind } from '@pleat/codec';
import { requireBytes } from '../arguments.ts';
import { documentOf } from './decode.ts';
import { isMaskForm, type StoredSource } from './document.ts';
import { type WeightReport, weightReports } from './inspect-weights.ts';

/** One section of a file. */
export interface SectionReport {
  name: string;
  kind: SectionKind;
  coding: SectionCoding;
  bytes: number;
  /** Largest absolute error of a lossy coding; null where nothing is lost. */
  maxError: number | null;
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
   * Share saved as the PEMN paper counts: 1 - (32 U + B) / (32 P) for U prototype values, P masked weights and B mask bits,
   * norms, biases and the file's structure left out (Bai et al., NeurIPS 2022); null when nothing is masked. A weight has one bit,
   * a ternary one two, one whose kernel is folded into another or whose place the seed decides none; of a sparse one, what is
   * kept counts as float32, or as one bit where it is a sign, and positions count nothing.
   */
  paperRatio: number | null;
  /** True when the statistics of batch norms must be computed again from a batch (`norms: 'recompute'`). */
  recompute: boolean;
  sections: SectionReport[];
  weights: WeightReport[];
  prototypes: StoredSource[];
  metadata: Record<string, unknown>;
}

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
  const document = documentOf(sections);
  const { sources, recompute = false, metadata } = document;
  const weights = weightReports(document, sections, header.sections);
  const float32Bytes = 4 * weights.reduce((sum, { weights }) => sum + weights, 0);
  const unique = sources.reduce((sum, { length }) => sum + length, 0);
  const planes = { binary: 1, sign: 1, ternary: 2 };
  let masked = 0;
  let bits = 0;
  for (const { form, weights: size, frozen, kept, signs } of weights) {
    if (form === 'same' || isMaskForm(form)) masked += size;
    // The paper counts what pruning keeps as values of 32 bits, and not where they are.
    if (form === 'sparse') {
      masked += size;
      bits += (signs ? 1 : 32) * Math.round(size * (kept ?? 1));
    }
    if (isMaskForm(form)) bits += planes[form] * Math.round(size * (1 - frozen));
  }
  return {
    fileBytes: bytes.length,
    headerBytes: header.headerBytes,
    float32Bytes,
    trueRatio: 1 - bytes.length / float32Bytes,
    paperRatio: masked === 0 ? null : 1 - (32 * unique + bits) / (32 * masked),
    recompute,
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
