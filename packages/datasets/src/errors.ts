/** What went wrong with a data set, for callers that must tell the cases apart. */
export type DatasetErrorCode =
  | 'unknown-name'
  | 'not-found'
  | 'truncated'
  | 'corrupt'
  | 'mislabelled'
  | 'checksum'
  | 'network'
  | 'bad-option'
  | 'worker';

/** Where in which file, what was expected there and what was found. */
export interface DatasetErrorDetails {
  file?: string;
  offset?: number;
  expected?: string;
  found?: string;
}

/**
 * A data set that cannot be read or fetched, or an option that makes no sense.
 *
 * @example
 * try {
 *   await loadDataset('cifar10', { data: 'no/such/folder' });
 * } catch (error) {
 *   console.log(error.code); // 'not-found'
 * }
 */
export class DatasetError extends Error {
  override readonly name = 'DatasetError';
  readonly code: DatasetErrorCode;
  readonly file: string | undefined;
  readonly offset: number | undefined;
  readonly expected: string | undefined;
  readonly found: string | undefined;

  constructor(
    code: DatasetErrorCode,
    message: string,
    details: DatasetErrorDetails = {},
    options?: ErrorOptions,
  ) {
    super(message, options);
    this.code = code;
    this.file = details.file;
    this.offset = details.offset;
    this.expected = details.expected;
    this.found = details.found;
  }
}

/** The one sentence every unreadable file gets: where, what was expected, what is there, what to do. */
export function fileError(
  code: DatasetErrorCode,
  details: Required<DatasetErrorDetails>,
  advice: string,
  cause?: unknown,
): DatasetError {
  const { file, offset, expected, found } = details;
  return new DatasetError(
    code,
    `${file}: at byte ${offset} expected ${expected}, found ${found}; ${advice}.`,
    details,
    cause === undefined ? undefined : { cause },
  );
}
