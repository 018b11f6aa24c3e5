export { decodeContainer, encodeContainer } from './container/container.ts';
export { readHeader } from './container/header.ts';
export { type DecodeOptions, defaultLimits, type Limits } from './container/limits.ts';
export { decodeStream } from './container/stream.ts';
export type {
  BytesSection,
  Header,
  JsonSection,
  MaskCoding,
  MaskSection,
  Section,
  SectionCoding,
  SectionInfo,
  SectionKind,
  TensorCoding,
  TensorSection,
} from './container/types.ts';
export { crc32 } from './crc32.ts';
export { type PleatErrorCode, PleatFormatError } from './errors.ts';
export { type CodedMask, decodeMask, encodeMask } from './mask/mask.ts';
export { type MaskRate, maskRate } from './mask/rate.ts';
export { decodeTensor, encodeTensor } from './tensor/tensor.ts';
