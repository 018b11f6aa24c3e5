import type { NamedBytes } from '../formats/idx.ts';

/** Where a data set's files are: a folder, a web address, an archive. */
export interface Source {
  /** Unpacks and returns a file of this name, with or without `.gz`; null when there is none. */
  read(name: string): Promise<NamedBytes | null>;
}
