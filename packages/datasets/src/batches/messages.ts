import type { RenderOptions } from '../augment/pipeline.ts';

/** What a batch worker is given when it starts. */
export interface WorkerSetup {
  options: RenderOptions;
  /** All images of the split, in shared memory. */
  images: Uint8Array;
  /** Room for the batches under way, in shared memory. */
  ring: SharedArrayBuffer;
  /** Bytes of the ring a batch has. */
  slotBytes: number;
}

/** One batch to prepare. */
export interface WorkerTask {
  batch: number;
  /** Which part of the ring it goes to. */
  slot: number;
  indices: Uint32Array;
}

/** That a batch is ready, or why it is not. */
export interface WorkerReply {
  batch: number;
  error?: unknown;
}
