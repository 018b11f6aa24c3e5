/** What can be wrong with the model inside a `.pleat` file whose container is sound. */
export type PleatModelErrorCode =
  | 'no-model'
  | 'model-json'
  | 'model-schema'
  | 'topology'
  | 'shape'
  | 'prototype'
  | 'missing-section'
  | 'section-size'
  | 'calibration';

/** A `.pleat` file that holds no readable model; `code` says what kind of fault, the message what was found where. */
export class PleatModelError extends Error {
  override readonly name = 'PleatModelError';
  /** Which kind of fault it is. */
  readonly code: PleatModelErrorCode;

  constructor(code: PleatModelErrorCode, message: string) {
    super(message);
    this.code = code;
  }
}
