/** Images of one split with their labels. */
export interface Split {
  /** Pixels, NHWC, `length * height * width * channels` values 0..255. */
  images: Uint8Array;
  /** Class of every image. */
  labels: Uint8Array | Uint16Array;
  /** Number of images. */
  length: number;
}

/** A loaded data set: three splits and what a model must know of them. */
export interface Dataset {
  name: string;
  /** Class names; label i is `classes[i]`. */
  classes: string[];
  /** Height, width and channels of every image. */
  shape: [number, number, number];
  train: Split;
  /** Held out of the training images; for selection. */
  validation: Split;
  /** Null when the files at hand have no test split. */
  test: Split | null;
  /** Mean of each channel over the training split, 0..1. */
  mean: number[];
  /** Standard deviation of each channel over the training split, 0..1. */
  std: number[];
}

/** What a reader gives: the data set as published, before a validation split is held out. */
export interface RawDataset {
  classes: readonly string[];
  shape: readonly [number, number, number];
  train: Split;
  test: Split | null;
}

/** How far a download is. */
export interface Progress {
  /** Name of the file. */
  file: string;
  /** Bytes so far. */
  loaded: number;
  /** Bytes in all; null when the server does not say. */
  total: number | null;
}

/** Options of `loadDataset`. */
export interface LoadOptions {
  /** Folder (in a browser: base URL) that holds the files; in Node `PLEAT_DATA` when absent. */
  data?: string;
  /** Folder downloads are kept in (Node); `PLEAT_CACHE`, else the user's cache folder, when absent. */
  cache?: string;
  /** Whether missing files may be downloaded (Node; default true). */
  download?: boolean;
  /** Held-out share (below 1) or count of the training images; default 0.1. */
  validation?: number;
  /**
   * Which images are held out: 'drawn' by seed, every class in its share (default), or the 'last' of the training images,
   * the same whatever the seed.
   */
  holdOut?: 'drawn' | 'last';
  /** Seed of a drawn validation split; default 0. */
  seed?: number;
  /** Which of CIFAR-100's labels; default 'fine'. */
  labels?: 'fine' | 'coarse';
  /** Called while files are downloaded. */
  onProgress?: (progress: Progress) => void;
}
