import * as vega from 'vega';
import { compile, type TopLevelSpec } from 'vega-lite';
import type { EpochMetrics, StepMetrics } from '../run/metrics.ts';

// Colours are variables of the page, so that one picture serves a light and a dark one.
export const ink = 'var(--ink)';
export const soft = 'var(--soft)';
const faint = 'var(--faint)';
const series = Array.from({ length: 8 }, (_, i) => `var(--series-${i + 1})`);

const config = {
  background: 'transparent',
  font: 'system-ui, sans-serif',
  view: { stroke: null },
  axis: {
    labelColor: ink,
    titleColor: ink,
    titleFontWeight: 'normal',
    gridColor: faint,
    domainColor: faint,
    tickColor: faint,
    labelFontSize: 11,
    titleFontSize: 11,
  },
  legend: { labelColor: ink, labelFontSize: 12, labelLimit: 0, orient: 'top', title: null },
  line: { strokeWidth: 2 },
  range: { category: series },
} as const;

type Spec = Record<string, unknown>;

/** A Vega-Lite specification as an SVG picture. */
export async function draw(spec: Spec, label: string): Promise<string> {
  const compiled = compile({
    width: 420,
    height: 220,
    padding: 4,
    ...spec,
    config,
  } as unknown as TopLevelSpec);
  const view = new vega.View(vega.parse(compiled.spec), { renderer: 'none' });
  const svg = await view.toSVG();
  view.finalize();
  // The browser scales the picture; its own size stays in viewBox.
  return svg
    .replace(/^<svg /, `<svg role="img" aria-label="${label}" `)
    .replace(/ width="[\d.]+" height="[\d.]+"/, '');
}

/** Loss over the run: every logged step, and the two splits per epoch. */
export function lossChart(
  steps: readonly StepMetrics[],
  epochs: readonly EpochMetrics[],
): Promise<string> {
  const perEpoch = (epochs[0]?.step ?? 1) / (epochs[0]?.epoch ?? 1);
  const points = epochs.flatMap(({ epoch, trainLoss, validationLoss }) => [
    { epoch, loss: trainLoss, split: 'training' },
    ...(validationLoss === null ? [] : [{ epoch, loss: validationLoss, split: 'validation' }]),
  ]);
  const stepPoints = thin(steps, 600).map(({ step, loss }) => ({ epoch: step / perEpoch, loss }));
  return draw(
    {
      layer: [
        {
          data: { values: stepPoints },
          mark: { type: 'line', color: series[0], opacity: 0.25, strokeWidth: 1 },
          encoding: { x: epochAxis(epochs.length), y: { field: 'loss', type: 'quantitative' } },
        },
        {
          data: { values: points },
          mark: { type: 'line', point: { size: 36, filled: true } },
          encoding: {
            x: epochAxis(epochs.length),
            y: { field: 'loss', type: 'quantitative', title: 'cross entropy, nats' },
            color: { field: 'split', type: 'nominal' },
          },
        },
      ],
    },
    'Loss over the epochs',
  );
}

/** Accuracy per epoch on the two splits, and the final one on the test set as a line. */
export function accuracyChart(
  epochs: readonly EpochMetrics[],
  test: number | null,
): Promise<string> {
  const points = epochs.flatMap(({ epoch, trainAccuracy, validationAccuracy }) => [
    { epoch, accuracy: trainAccuracy, split: 'training' },
    ...(validationAccuracy === null
      ? []
      : [{ epoch, accuracy: validationAccuracy, split: 'validation' }]),
  ]);
  const y = (title: string) => ({
    field: 'accuracy',
    type: 'quantitative',
    title,
    axis: { format: '.0%' },
    scale: { zero: false },
  });
  const lines = {
    data: { values: points },
    mark: { type: 'line', point: { size: 36, filled: true } },
    encoding: {
      x: epochAxis(epochs.length),
      y: y('accuracy'),
      color: { field: 'split', type: 'nominal' },
    },
  };
  const rule = {
    data: { values: [{ accuracy: test, text: `test ${(100 * (test ?? 0)).toFixed(2)} %` }] },
    encoding: { y: y('accuracy') },
    layer: [
      { mark: { type: 'rule', strokeDash: [4, 3], color: series[2] } },
      {
        mark: { type: 'text', align: 'left', baseline: 'bottom', dy: -3, x: 4, fill: ink },
        encoding: { text: { field: 'text' } },
      },
    ],
  };
  return draw({ layer: test === null ? [lines] : [lines, rule] }, 'Accuracy over the epochs');
}

/** The learning rate over the run. */
export function learningRateChart(steps: readonly StepMetrics[]): Promise<string> {
  return draw(
    {
      data: { values: thin(steps, 400) },
      mark: { type: 'line', color: series[3] },
      encoding: {
        x: { field: 'step', type: 'quantitative', axis: { tickCount: 6 } },
        y: {
          field: 'learningRate',
          type: 'quantitative',
          title: 'learning rate',
          axis: { tickCount: 4 },
        },
      },
    },
    'Learning rate over the steps',
  );
}

/** What the bytes of a file are for. */
const fileParts = ['masks', 'values (norms, biases)', 'description'] as const;

/** Bytes of one layer in the file, by what they are. */
export interface LayerBytes {
  layer: string;
  part: (typeof fileParts)[number];
  bytes: number;
}

/** What each layer takes of the file. */
export function sizeChart(rows: readonly LayerBytes[]): Promise<string> {
  return draw(
    {
      width: 780,
      height: { step: 18 },
      data: { values: rows.map((row) => ({ ...row, rank: fileParts.indexOf(row.part) })) },
      mark: { type: 'bar', cornerRadiusEnd: 2 },
      encoding: {
        y: {
          field: 'layer',
          type: 'nominal',
          sort: null,
          title: null,
          axis: { labelLimit: 220, grid: false },
        },
        x: {
          field: 'bytes',
          type: 'quantitative',
          title: 'bytes in the file',
          axis: { format: '~s', tickCount: 6 },
        },
        color: { field: 'part', type: 'nominal', scale: { domain: fileParts } },
        // Masks first in every bar.
        order: { field: 'rank', type: 'quantitative' },
      },
    },
    'Bytes of the file per layer',
  );
}

/** How often each class was taken for which, as shares of the true class. */
export function confusionChart(
  confusion: readonly number[][],
  classes: readonly string[],
): Promise<string> {
  const values = confusion.flatMap((row, i) => {
    const total = row.reduce((a, b) => a + b, 0) || 1;
    return row.map((count, j) => ({
      truth: classes[i],
      guess: classes[j],
      share: count / total,
      text: count / total >= 0.005 ? Math.round((100 * count) / total) : '',
    }));
  });
  const axis = { title: '', sort: null, type: 'nominal' };
  return draw(
    {
      width: { step: 34 },
      height: { step: 26 },
      data: { values },
      encoding: {
        x: {
          ...axis,
          field: 'guess',
          title: 'predicted',
          axis: { labelAngle: -40, grid: false, titlePadding: 0 },
        },
        y: { ...axis, field: 'truth', title: 'true class', axis: { grid: false } },
      },
      layer: [
        {
          mark: { type: 'rect', color: series[0] },
          encoding: {
            opacity: {
              field: 'share',
              type: 'quantitative',
              scale: { type: 'sqrt', range: [0.04, 0.75] },
              legend: null,
            },
          },
        },
        { mark: { type: 'text', fontSize: 10, fill: ink }, encoding: { text: { field: 'text' } } },
      ],
    },
    'Confusion of classes on the evaluated images, per cent of the true class',
  );
}

function epochAxis(epochs: number) {
  return {
    field: 'epoch',
    type: 'quantitative',
    title: 'epoch',
    axis: { tickCount: Math.min(epochs, 8), format: '~r', tickMinStep: 1, labelFlush: false },
    scale: { domain: [0, epochs], nice: false },
  };
}

/** At most `most` of the points, evenly picked. */
function thin<T>(points: readonly T[], most: number): T[] {
  const stride = Math.max(1, Math.ceil(points.length / most));
  return points.filter((_, i) => i % stride === 0);
}
