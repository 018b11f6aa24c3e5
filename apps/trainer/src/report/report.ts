import { readFile } from 'node:fs/promises';
import { writeFileAtomic } from '@pleat/codec/node';
import type { Dataset } from '@pleat/datasets';
import type { ModelReport } from '@pleat/mask';
import { formatDuration } from '../cli/progress.ts';
import { modelName } from '../config/name.ts';
import type { TrainConfig } from '../config/schema.ts';
import type { RunPaths } from '../run/folder.ts';
import { parseMetrics } from '../run/metrics.ts';
import type { Summary } from '../run/summary.ts';
import type { Evaluation } from '../train/evaluate.ts';
import {
  accuracyChart,
  confusionChart,
  learningRateChart,
  lossChart,
  sizeChart,
} from './charts.ts';
import { formatBytes, formatCount, formatShare } from './format.ts';
import {
  type Figure,
  htmlPage,
  htmlSettings,
  htmlSizeBars,
  htmlTable,
  type ReportSection,
} from './html.ts';
import { sampleFigures } from './samples.ts';
import { layerBytes, sectionRows, sizeRows } from './sizes.ts';
import { widthChart, widthTable } from './width-chart.ts';

/** What a report tells of. */
export interface ReportInput {
  config: TrainConfig;
  dataset: Dataset;
  summary: Summary;
  sizes: ModelReport;
  /** On the test images; null when there are none. */
  test: Evaluation | null;
}

function headline({ summary }: ReportInput): Figure[] {
  const { test, validation, size, seconds } = summary;
  const accuracy = test ?? validation;
  return [
    ...(accuracy
      ? [
          {
            value: formatShare(accuracy.accuracy),
            label: `accuracy on ${test ? 'the test images' : 'validation'}`,
          },
        ]
      : []),
    {
      value: formatBytes(size.fileBytes),
      label: `file; ${formatBytes(size.float32Bytes)} in float32`,
    },
    {
      value: `${(size.float32Bytes / size.fileBytes).toFixed(1)} ×`,
      label: 'smaller, all bytes counted',
    },
    {
      value: formatDuration(seconds),
      label: `training, ${formatCount(Math.round(summary.imagesPerSecond))} images a second`,
    },
  ];
}

function subtitle({ config, dataset, summary }: ReportInput): string {
  const methods: Partial<Record<TrainConfig['method'], string>> = {
    mask: `${config.learner} masks over a ${config.strategy} prototype`,
    dense: 'dense weights',
    integral: `an integral network, trained at widths from ${formatShare(config.minWidth)} to all channels`,
  };
  const method = methods[config.method] ?? `${config.method} weights`;
  const images = `${formatCount(dataset.train.length)} training images of ${dataset.name}`;
  return `${method}, ${formatCount(summary.parameters)} parameters, ${images}; ${config.epochs} epochs, weights of epoch ${summary.selected.epoch} kept`;
}

function sizeSection({ summary, sizes }: ReportInput, chart: string): ReportSection {
  const { fileBytes, float32Bytes, trueRatio, paperRatio } = summary.size;
  const bars = htmlSizeBars([
    { label: `this file: ${formatBytes(fileBytes)}`, bytes: fileBytes },
    {
      label: `the same weights in float32: ${formatBytes(float32Bytes)}`,
      bytes: float32Bytes,
      pale: true,
    },
  ]);
  const paper =
    paperRatio === null
      ? ''
      : ` The ratio as the PEMN paper counts it, without norm parameters: ${formatShare(paperRatio)}.`;
  const text = `<p class="soft">True ratio: ${formatShare(trueRatio)} of the float32 bytes are saved.${paper}</p>`;
  return { title: 'Size', body: `${bars}${chart}${text}<br>${htmlTable(sizeRows(sizes))}` };
}

/** Writes the report of a finished run: one HTML file that needs nothing else. */
export async function writeReport(paths: RunPaths, input: ReportInput): Promise<void> {
  const { config, dataset, summary, sizes, test } = input;
  const { steps, epochs } = parseMetrics(await readFile(paths.metrics, 'utf8'));
  const sections: ReportSection[] = [
    { title: 'Loss', half: true, body: await lossChart(steps, epochs) },
    {
      title: 'Accuracy',
      half: true,
      body: await accuracyChart(epochs, summary.test?.accuracy ?? null),
    },
  ];
  if (summary.widths) {
    const chart = await widthChart(summary.widths, 'validation');
    const body = `${chart}${htmlTable(widthTable(summary.widths))}`;
    sections.push({ title: 'Accuracy at other widths, without training', body });
  }
  sections.push(sizeSection(input, await sizeChart(layerBytes(sizes))));
  if (test && dataset.test) {
    sections.push({
      title: 'Predictions on test images',
      body: `<div class="samples">${sampleFigures(dataset.test, test.predictions, dataset)}</div>`,
    });
    if (dataset.classes.length <= 20) {
      sections.push({
        title: 'What is taken for what, per cent',
        half: true,
        body: await confusionChart(test.confusion, dataset.classes),
      });
    }
  }
  if (steps.length > 0) {
    sections.push({ title: 'Learning rate', half: true, body: await learningRateChart(steps) });
  }
  sections.push({ title: 'Sections of the file', body: htmlTable(sectionRows(sizes)) });
  sections.push({ title: 'Configuration', body: htmlSettings(config) });
  const html = htmlPage({
    title: `${modelName(config)} on ${dataset.name}`,
    subtitle: subtitle(input),
    figures: headline(input),
    sections,
  });
  await writeFileAtomic(paths.report, new TextEncoder().encode(html));
}
