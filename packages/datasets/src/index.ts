export type { Normalization } from './augment/normalize.ts';
export type { AugmentStep } from './augment/pipeline.ts';
export { type Batches, batches } from './batches/batches.ts';
export type { Batch, BatchOptions } from './batches/plan.ts';
export { DatasetError, type DatasetErrorCode } from './errors.ts';
export { loadDataset } from './load.ts';
export { type DatasetName, datasetNames } from './sets/registry.ts';
export type { Dataset, LoadOptions, Progress, Split } from './types.ts';
