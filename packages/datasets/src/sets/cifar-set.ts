import { type CifarLayout, readCifar } from '../formats/cifar.ts';
import type { NamedBytes } from '../formats/idx.ts';
import type { Source } from '../sources/source.ts';
import type { RawDataset } from '../types.ts';

/** Reads the training files that are there, in order, and the test file if it is; null with no training file. */
export async function readCifarSet(
  source: Source,
  trainFiles: readonly string[],
  testFile: string,
  layout: CifarLayout,
  classes: readonly string[],
): Promise<RawDataset | null> {
  const found: NamedBytes[] = [];
  for (const name of trainFiles) {
    const file = await source.read(name);
    if (file !== null) found.push(file);
  }
  if (found.length === 0) return null;
  const test = await source.read(testFile);
  return {
    classes,
    shape: [32, 32, 3],
    train: readCifar(found, layout),
    test: test === null ? null : readCifar([test], layout),
  };
}
