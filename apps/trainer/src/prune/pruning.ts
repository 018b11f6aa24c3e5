import type { Dataset } from '@pleat/datasets';
import {
  type PruneChannelsReport,
  type PruneWeightsReport,
  pruneChannels,
  pruneWeights,
} from '@pleat/prune';
import type * as tf from '@tensorflow/tfjs';
import { UsageError } from '../cli/errors.ts';
import { createProgress } from '../cli/progress.ts';
import { imagesInOrder } from '../data/unlabelled.ts';
import { openPartial, savePartial, type Unfinished } from '../files/partial.ts';
import { evaluate } from '../train/evaluate.ts';
import type { SignalWatch } from '../train/signals.ts';
import { isOfWeights, needsImages, type PrunePlan } from './options.ts';

/** Everything that decides the result of a pruning. */
export interface PruneSettings extends PrunePlan {
  source: string;
  /** Of the source file's bytes. */
  sourceHash: string;
  /** The data set that is measured on and watched; null for none. */
  dataset: string | null;
  measure: boolean;
  engine: string;
}

/** How well a model does on the validation images. */
interface Measured {
  accuracy: number;
  correct: number;
  images: number;
}

/** How far a pruning is, as its file says: pruned it is, and perhaps measured before. */
interface PruneState {
  settings: PruneSettings;
  report: PruneChannelsReport | PruneWeightsReport;
  before?: Measured;
}

/** What a pruning gives. */
export interface Pruned {
  small: tf.LayersModel;
  report: PruneState['report'];
  before: Measured | null;
  after: Measured | null;
}

/** The smaller model, watching feature maps where the criterion wants them. */
async function prune(
  model: tf.LayersModel,
  settings: PruneSettings,
  dataset: Dataset | null,
  onImages: (done: number) => void,
): Promise<Unfinished<PruneState>> {
  const { criterion, compression, league, of, scope, seed } = settings;
  try {
    if (isOfWeights(criterion)) {
      const kind = criterion === 'magnitude' ? 'magnitude' : 'random';
      const options = { criterion: kind, compression, scope, seed } as const;
      const { model: sparse, report } = pruneWeights(model, options);
      return { model: sparse, state: { settings, report } };
    }
    const { model: small, report } = await pruneChannels(model, {
      ...{ criterion, compression, league, seed },
      of: of === 'multiply-adds' ? 'multiplyAdds' : 'parameters',
      ...(needsImages(criterion) && dataset !== null && { data: imagesInOrder(dataset, onImages) }),
    });
    return { model: small, state: { settings, report } };
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    throw new UsageError(`${settings.source} cannot be pruned so: ${error.message}`);
  }
}

/**
 * Prunes a model, and measures it before and after; what is done is kept beside the file it is to become.
 *
 * @param dataset whose training images are watched (all of them) and whose validation images are measured on
 * @param resume whether to go on with what was kept
 * @throws InterruptedError after a signal
 */
export async function runPruning(
  { model, dataset }: { model: tf.LayersModel; dataset: Dataset | null },
  settings: PruneSettings,
  out: string,
  { resume, signals }: { resume: boolean; signals: SignalWatch },
): Promise<Pruned> {
  const measured = settings.measure && dataset !== null ? dataset.validation.length : 0;
  const watched = needsImages(settings.criterion) && dataset !== null ? dataset.train.length : 0;
  let work = resume ? await openPartial<PruneState>(out, settings) : null;
  const start = work === null ? 0 : watched + (work.state.before === undefined ? 0 : measured);
  const total = watched + 2 * measured;
  const progress = createProgress({ total: Math.max(1, total), start, perStep: 1 });
  let base = start;
  const onImages = (text: string) => (done: number) => {
    progress.update(base + done, text);
    signals.check();
  };
  const measure = async (which: tf.LayersModel, text: string): Promise<Measured | null> => {
    if (measured === 0 || dataset === null) return null;
    progress.line(`Measuring ${text} on ${measured} validation images ...`);
    const { accuracy, correct, images } = await evaluate(
      which,
      dataset.validation,
      dataset,
      onImages(text),
    );
    base += measured;
    return { accuracy, correct, images };
  };
  try {
    if (work === null) {
      if (watched > 0) progress.line(`Watching feature maps of ${watched} training images ...`);
      work = await prune(model, settings, dataset, onImages('feature maps'));
      work.model.setUserDefinedMetadata((model.getUserDefinedMetadata() ?? {}) as object);
      base = watched;
      if (measured > 0) await savePartial(out, work);
    } else {
      const known = work.state.before === undefined ? 'pruned' : 'pruned and measured before';
      progress.line(`Resuming: ${known} already.`);
    }
    const { state, model: small } = work;
    if (state.before === undefined) {
      const before = await measure(model, 'before');
      if (before !== null) {
        state.before = before;
        await savePartial(out, work);
      }
    }
    const after = await measure(small, 'after');
    return { small, report: state.report, before: state.before ?? null, after };
  } finally {
    progress.stop();
  }
}
