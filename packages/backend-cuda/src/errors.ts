/** One engine that might have run on the GPU, and why it does not. */
export interface Missing {
  /** 'torch' or 'tensorflow'; 'driver' when there is none, so that no engine can. */
  engine: 'driver' | 'torch' | 'tensorflow';
  /** What it lacks and what to do, as one sentence without a full stop. */
  lacks: string;
}

/** No engine runs on the GPU; `missing` says of each what it lacks. */
export class CudaNotFoundError extends Error {
  override readonly name = 'CudaNotFoundError';
  readonly missing: readonly Missing[];

  constructor(device: number, missing: readonly Missing[]) {
    const list = missing.map(({ engine, lacks }) => `\n  ${engine}: ${lacks}`).join('');
    super(
      `registerCuda: expected an engine that computes on cuda:${device}, found none; one of these has to be mended.${list}`,
    );
    this.missing = missing;
  }
}
