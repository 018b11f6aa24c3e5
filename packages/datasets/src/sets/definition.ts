import type { Source } from '../sources/source.ts';
import type { RawDataset } from '../types.ts';

/** A file to download, where from, and the checksum its authors publish. */
export interface Download {
  file: string;
  url: string;
  md5?: string;
  sha256?: string;
  bytes: number;
}

/** One data set: where its files may lie, where they come from, how they are read. One file each in this folder. */
export interface Definition {
  readonly name: string;
  /** Ships inside this package. */
  readonly bundled?: boolean;
  /** Sub-folders of a data folder its files may be in, likeliest first. */
  readonly folders: readonly string[];
  /** Name of the official archive, when the files come in one. */
  readonly archive?: string;
  readonly downloads: readonly Download[];
  /** Reads everything from a source; null when the source has none of the files. */
  read(source: Source, options: { labels: 'fine' | 'coarse' }): Promise<RawDataset | null>;
}
