/** Kinds of device that a libtorch was built for. */
export type TorchDevice = 'cpu' | 'cuda';

/** How a place came to be looked at. */
export type TorchSource = 'environment' | 'python' | 'private';

/** One place where a libtorch was looked for, and what is there. */
export interface TorchLocation {
  source: TorchSource;
  /** What named the place: an environment variable, a Python, the cache folder. */
  origin: string;
  /** Folder of the libraries; null when the place has none. */
  folder: string | null;
  /** As torch writes it, such as `2.13.0+cpu`; null when nothing beside the libraries tells it. */
  version: string | null;
  /** What the build supports; whether a GPU answers shows only when it is loaded. */
  devices: readonly TorchDevice[];
  /** CUDA version the build was made with; null for a build without. */
  cuda: string | null;
  /** Why it cannot be used, as one sentence that says what to do; null when it can. */
  problem: string | null;
}
