import type { Dataset } from '@pleat/datasets';
import { fitLeastSquares, recalibrate, rescale } from '@pleat/integral';
import type * as tf from '@tensorflow/tfjs';
import { unlabelledBatches } from '../data/unlabelled.ts';
import type { RepairName } from './repairs.ts';

/** Repairs a plain model that was just extracted from an integral one; without images only `rescale` can. */
export async function repairModel(
  repair: RepairName,
  { plain, integral }: { plain: tf.LayersModel; integral: tf.LayersModel },
  images: { dataset: Dataset; batches: number; seed: number } | null,
  onLayer: (done: number, total: number) => void = () => undefined,
): Promise<void> {
  if (repair === 'rescale') rescale(plain, integral);
  if (images === null) return;
  const { dataset, batches, seed } = images;
  const source = unlabelledBatches(dataset, batches, seed);
  if (repair === 'statistics') await recalibrate(plain, source);
  if (repair === 'least-squares') await fitLeastSquares(plain, integral, source, { onLayer });
}
