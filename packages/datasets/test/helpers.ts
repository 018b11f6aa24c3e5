import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { onTestFinished } from 'vitest';
import { DatasetError } from '../src/index.ts';

const beside = fileURLToPath(new URL('../../../../shared/data', import.meta.url));

/** Folder of the real files: PLEAT_DATA, else shared/data next to the repository; undefined when there is none. */
export const realData: string | undefined =
  process.env.PLEAT_DATA ?? (existsSync(beside) ? beside : undefined);

/** A folder that is gone after the test. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'pleat-datasets-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** The DatasetError that the work throws or rejects with. */
export async function errorOf(work: () => unknown): Promise<DatasetError> {
  try {
    await work();
  } catch (error) {
    if (error instanceof DatasetError) return error;
    throw error;
  }
  throw new Error('expected a DatasetError, but nothing was thrown');
}

/** An IDX file: sizes, then one byte per element from `value`. */
export function idxFile(dimensions: number[], value: (index: number) => number): Uint8Array {
  const count = dimensions.reduce((product, size) => product * size, 1);
  const bytes = new Uint8Array(4 + 4 * dimensions.length + count);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, 0x800 + dimensions.length);
  dimensions.forEach((size, i) => {
    view.setUint32(4 + 4 * i, size);
  });
  for (let i = 0; i < count; i++) bytes[4 + 4 * dimensions.length + i] = value(i);
  return bytes;
}

/** A CIFAR file: `labels` bytes, then three planes; the pixel at (record, channel, position) is from `value`. */
export function cifarFile(
  records: number,
  labels: (record: number) => number[],
  value: (record: number, channel: number, position: number) => number,
): Uint8Array {
  const all: number[] = [];
  for (let r = 0; r < records; r++) {
    all.push(...labels(r));
    for (let c = 0; c < 3; c++) for (let p = 0; p < 1024; p++) all.push(value(r, c, p) & 255);
  }
  return Uint8Array.from(all);
}
