/** What a section holds. */
export type SectionKind = 'mask' | 'tensor' | 'json' | 'bytes';

/** How a mask is coded: one bit a weight, by the range coder, or whichever is smaller. */
export type MaskCoding = 'raw' | 'range' | 'auto';

/** How a tensor is coded; `uint8` has one scale, `uint8-channel` one for each index of the last axis. */
export type TensorCoding =
  | 'float32'
  | 'float16'
  | 'uint8'
  | 'uint8-channel'
  | 'int32'
  | 'int32-range';

/** A binary mask, one byte (0 or 1) a weight in memory, row-major. */
export interface MaskSection {
  kind: 'mask';
  name: string;
  shape: number[];
  bits: Uint8Array;
  coding?: MaskCoding;
}

/** Numbers, row-major; `coding` defaults to `float32`, or `int32` for an Int32Array. */
export interface TensorSection {
  kind: 'tensor';
  name: string;
  shape: number[];
  values: Float32Array | Int32Array;
  coding?: TensorCoding;
}

/** Any JSON value. */
export interface JsonSection {
  kind: 'json';
  name: string;
  value: unknown;
}

/** Bytes as they are. */
export interface BytesSection {
  kind: 'bytes';
  name: string;
  bytes: Uint8Array;
}

/** One named part of a `.pleat` file. */
export type Section = MaskSection | TensorSection | JsonSection | BytesSection;

/** How a section's bytes are to be read, as the header names it. */
export type SectionCoding = 'raw' | 'range' | 'utf8' | TensorCoding;

/** One entry of the header; `start` and `end` count bytes from the end of the header. */
export interface SectionInfo {
  name: string;
  kind: SectionKind;
  shape: number[];
  coding: SectionCoding;
  start: number;
  end: number;
  crc32: number;
  /** The largest absolute error of a lossy coding (float16, uint8, uint8-channel); absent elsewhere. */
  maxError?: number;
}

/** The header of a `.pleat` file; the sections begin at byte `headerBytes` of the file. */
export interface Header {
  version: number;
  metadata: Record<string, unknown>;
  sections: SectionInfo[];
  headerBytes: number;
  /** Bytes of the whole file. */
  fileBytes: number;
}
