import type { ModelReport, WeightReport } from '@pleat/mask';
import type { LayerBytes } from './charts.ts';
import { formatBytes, formatCount, formatShare } from './format.ts';

const maskForms: readonly string[] = ['binary', 'sign', 'ternary', 'same'];
const isMask = ({ form }: WeightReport) => maskForms.includes(form);
const bytesOf = ({ weights, bitsPerWeight }: WeightReport) => (weights * bitsPerWeight) / 8;

/** What every weight of one layer costs together. */
export interface LayerSize {
  layer: string;
  weights: number;
  masked: number;
  /** Share of the masked weights that are kept (or positive); null without a mask. */
  kept: number | null;
  bytes: number;
  bitsPerWeight: number;
}

function byLayer(weights: readonly WeightReport[]): Map<string, WeightReport[]> {
  const layers = new Map<string, WeightReport[]>();
  for (const weight of weights) {
    const group = layers.get(weight.layer);
    if (group) group.push(weight);
    else layers.set(weight.layer, [weight]);
  }
  return layers;
}

/** The layers that have weights, in the order of the model. */
export function layerSizes({ weights }: ModelReport): LayerSize[] {
  return [...byLayer(weights)].map(([layer, group]) => {
    const masks = group.filter(isMask);
    const masked = masks.reduce((sum, { weights }) => sum + weights, 0);
    const ones = masks.reduce((sum, { weights, kept }) => sum + weights * (kept ?? 0), 0);
    const count = group.reduce((sum, { weights }) => sum + weights, 0);
    const bytes = group.reduce((sum, weight) => sum + bytesOf(weight), 0);
    return {
      layer,
      weights: count,
      masked,
      kept: masked === 0 ? null : ones / masked,
      bytes,
      bitsPerWeight: (8 * bytes) / Math.max(1, count),
    };
  });
}

/** Bytes per layer and kind, for the chart; what belongs to no layer comes last. */
export function layerBytes(report: ModelReport): LayerBytes[] {
  const rows = [...byLayer(report.weights)].flatMap(([layer, group]) => {
    const bytes = (weights: WeightReport[]) => weights.reduce((sum, w) => sum + bytesOf(w), 0);
    const parts: LayerBytes[] = [
      { layer, part: 'masks', bytes: bytes(group.filter(isMask)) },
      { layer, part: 'values (norms, biases)', bytes: bytes(group.filter((w) => !isMask(w))) },
    ];
    return parts.filter((part) => part.bytes > 0);
  });
  const inLayers = rows.reduce((sum, { bytes }) => sum + bytes, 0);
  const rest = Math.max(0, report.fileBytes - inLayers);
  return [...rows, { layer: 'structure and header', part: 'description', bytes: rest }];
}

/** The layers as a table, head first. */
export function sizeRows(report: ModelReport): string[][] {
  const rows = layerSizes(report).map(({ layer, weights, masked, kept, bytes, bitsPerWeight }) => [
    layer,
    formatCount(weights),
    formatCount(masked),
    kept === null ? '-' : formatShare(kept),
    bitsPerWeight.toFixed(2),
    formatBytes(Math.round(bytes)),
  ]);
  return [['layer', 'weights', 'masked', 'ones in the mask', 'bits a weight', 'bytes'], ...rows];
}

/** The sections of the file as a table, head first. */
export function sectionRows(report: ModelReport): string[][] {
  const rows = report.sections.map(({ name, kind, coding, bytes, maxError }) => [
    name,
    kind,
    coding,
    maxError === null ? 'exact' : `within ${maxError.toPrecision(2)}`,
    formatBytes(bytes),
  ]);
  const head = ['header', '-', '-', 'exact', formatBytes(report.headerBytes)];
  return [['section', 'kind', 'coding', 'values', 'bytes'], head, ...rows];
}
