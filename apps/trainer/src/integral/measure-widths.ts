import type { Dataset, Split } from '@pleat/datasets';
import { compressionOf, extract, integralGroups, resetGrids, resize } from '@pleat/integral';
import type * as tf from '@tensorflow/tfjs';
import { evaluate } from '../train/evaluate.ts';
import { leagueGroups } from './model.ts';
import { repairModel } from './repair.ts';
import type { RepairName } from './repairs.ts';

/** What an integral model does at one width. */
export interface WidthRow {
  /** Share of the channels of the groups that change. */
  share: number;
  repair: RepairName;
  parameters: number;
  /** Share of the parameters removed. */
  compression: number;
  correct: number;
  accuracy: number;
  /** Mean cross entropy in nats. */
  loss: number;
}

/** Which widths are measured, and how. */
export interface WidthPlan {
  shares: readonly number[];
  league: string;
  repairs: readonly RepairName[];
  /** Unlabelled batches for repairs. */
  batches: number;
}

/** What a plan measures, one by one. */
export const widthsIn = ({ shares, repairs }: WidthPlan): Pick<WidthRow, 'share' | 'repair'>[] =>
  repairs.flatMap((repair) => shares.map((share) => ({ share, repair })));

/**
 * Measures an integral model at several widths; nothing is trained, and its own width is the original one afterwards.
 *
 * @param data the data set, with the mean and deviation that the model is used to; repairs see its training images
 * @param split the images that are measured on
 * @param known rows that were measured before, which are not measured again
 * @param onImages called as images are done, with how many of all; may throw to stop
 * @param onRow called after each width
 */
export async function measureWidths(
  model: tf.LayersModel,
  { data, split }: { data: Dataset; split: Split },
  plan: WidthPlan,
  known: readonly WidthRow[],
  onImages: (done: number) => void,
  onRow: (row: WidthRow, rows: readonly WidthRow[]) => Promise<void> | void = () => undefined,
): Promise<WidthRow[]> {
  const groups = leagueGroups(integralGroups(model), plan.league);
  const rows: WidthRow[] = [];
  for (const { share, repair } of widthsIn(plan)) {
    const before = known.find((row) => row.share === share && row.repair === repair);
    if (before !== undefined) {
      rows.push(before);
      continue;
    }
    resize(
      resetGrids(model),
      Object.fromEntries(
        groups.map(({ id, coefficients }) => [id, Math.max(1, Math.round(share * coefficients))]),
      ),
    );
    const plain = extract(model);
    try {
      const images = { dataset: data, batches: plan.batches, seed: 0 };
      await repairModel(repair, { plain, integral: model }, images, () =>
        onImages(rows.length * split.length),
      );
      const { correct, accuracy, loss } = await evaluate(plain, split, data, (done) =>
        onImages(rows.length * split.length + done),
      );
      const { parameters, compression } = compressionOf(model);
      const row = { share, repair, parameters, compression, correct, accuracy, loss };
      rows.push(row);
      await onRow(row, rows);
    } finally {
      plain.dispose();
    }
  }
  resetGrids(model);
  return rows;
}
