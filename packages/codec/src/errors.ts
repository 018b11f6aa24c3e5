/** What a reader can find wrong with a `.pleat` file; each code stands for one kind of fault. */
export type PleatErrorCode =
  | 'magic'
  | 'version'
  | 'truncated'
  | 'trailing-bytes'
  | 'header-length'
  | 'header-checksum'
  | 'header-json'
  | 'header-schema'
  | 'duplicate-name'
  | 'shape'
  | 'range-overlap'
  | 'range-gap'
  | 'range-past-end'
  | 'padding'
  | 'limit'
  | 'section-checksum'
  | 'section-size'
  | 'section-data';

/**
 * A `.pleat` file that is broken, or larger than the limits allow; `code` says how, the message what was found where.
 *
 * @example
 * try { decodeContainer(new Uint8Array(4)); } catch (error) { console.log(error.code); } // magic
 */
export class PleatFormatError extends Error {
  override readonly name = 'PleatFormatError';
  /** Which kind of fault it is. */
  readonly code: PleatErrorCode;

  constructor(code: PleatErrorCode, message: string) {
    super(message);
    this.code = code;
  }
}
