import { readFile } from 'node:fs/promises';
import { decodeContainer, encodeContainer } from '@pleat/codec';
import { writeFileAtomic } from '@pleat/codec/node';
import type { SavedTensor } from './checkpoint.ts';

/** Weights in a file, and what is to be known of them. */
export interface WeightsFile<Metadata> {
  weights: SavedTensor[];
  metadata: Metadata;
}

/** Writes weights whole or not at all, with a checksum. */
export async function writeWeights(
  path: string,
  { weights, metadata }: WeightsFile<object>,
): Promise<void> {
  const sections = weights.map(({ shape, values }, i) => ({
    kind: 'tensor' as const,
    name: `${i}`,
    shape,
    values,
  }));
  await writeFileAtomic(path, encodeContainer(sections, { metadata: { ...metadata } }));
}

/** Reads what `writeWeights` wrote. */
export async function readWeights<Metadata>(path: string): Promise<WeightsFile<Metadata>> {
  const { metadata, sections } = decodeContainer(await readFile(path), {
    limits: { decodedBytes: 2 ** 40 },
  });
  const weights = sections.flatMap((section) =>
    section.kind === 'tensor'
      ? [{ shape: section.shape, values: section.values as Float32Array }]
      : [],
  );
  return { weights, metadata: metadata as Metadata };
}
