/** How much a reader is willing to do for one file. */
export interface Limits {
  /** Bytes of the JSON header; default 4 MiB. */
  headerBytes: number;
  /** Number of sections; default 16,384. */
  sections: number;
  /** Elements of one mask or tensor, or bytes of one other section; default 2^28. */
  elements: number;
  /** Bytes of all sections together once decoded (a mask takes one byte a weight); default 1 GiB. */
  decodedBytes: number;
}

/** The limits a reader has unless told otherwise. */
export const defaultLimits: Readonly<Limits> = {
  headerBytes: 2 ** 22,
  sections: 2 ** 14,
  elements: 2 ** 28,
  decodedBytes: 2 ** 30,
};

/** Options of everything that reads a `.pleat` file. */
export interface DecodeOptions {
  /** Replaces some of the default limits. */
  limits?: Partial<Limits>;
}
