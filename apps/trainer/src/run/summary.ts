import type { WidthRow } from '../integral/measure-widths.ts';
import type { BestEpoch } from './checkpoint.ts';

/** The size of a stored model, three ways. */
interface SizeSummary {
  /** Bytes of the `.pleat` file. */
  fileBytes: number;
  /** Bytes of the same weights as float32. */
  float32Bytes: number;
  /** 1 - file / float32, of what is really stored. */
  trueRatio: number;
  /** Bits of the file for each weight of the plain model, everything counted. */
  bitsPerWeight: number;
  /** The figure of the PEMN paper, which leaves norm parameters out; null for a dense model. */
  paperRatio: number | null;
}

/** What a round of training left that is not the last of its run. */
export interface RoundSummary {
  steps: number;
  seconds: number;
  /** Share of the kernels' weights that was pruned before it. */
  compression: number;
  validation: BestEpoch | null;
}

/** How a stored model does on a split. */
export interface SplitSummary {
  images: number;
  correct: number;
  /** Share of 1. */
  accuracy: number;
  /** Mean cross entropy in nats. */
  loss: number;
}

/** The outcome of a run, as `summary.json` and `--json` give it. */
export interface Summary {
  status: 'finished';
  out: string;
  model: string;
  report: string;
  engine: { name: string; threads: number };
  parameters: number;
  epochs: number;
  steps: number;
  /** Images seen in training steps, each as often as it was seen. */
  imagesSeen: number;
  /** Seconds spent in training steps, over all processes of the run. */
  seconds: number;
  imagesPerSecond: number;
  /** Rounds of training before the last, of pruning and lottery tickets. */
  rounds: RoundSummary[];
  selected: { rule: 'best' | 'last'; epoch: number };
  /** Of the model read back from the file; null when nothing was held out. */
  validation: SplitSummary | null;
  /** Of the model read back from the file, measured once; null when the data set has no test split. */
  test: SplitSummary | null;
  size: SizeSummary;
  /** Of an integral network: validation accuracy at several widths, all groups at the same share. */
  widths?: WidthRow[];
}
