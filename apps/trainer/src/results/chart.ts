import { draw, ink, soft } from '../report/charts.ts';
import { lightColors } from '../report/style.ts';
import { frontier, type ResultGroup, type Spread } from './groups.ts';
import { type Labelled, type Placed, placeLabels } from './labels.ts';
import { references } from './references.ts';

/** Which accuracy a picture shows. */
export type AccuracyKind = 'test' | 'validation';

interface Point {
  bytes: number;
  accuracy: number;
  low: number;
  high: number;
  series: string;
  name: string;
}

function pointOf(group: ResultGroup, { mean, std }: Spread, name: string): Point {
  const { fileBytes, series } = group;
  const [low, high] = [mean - (std ?? 0), mean + (std ?? 0)];
  return { bytes: fileBytes!, accuracy: mean, low, high, series, name };
}

const x = (title: string) => ({
  field: 'bytes',
  type: 'quantitative',
  title,
  scale: { type: 'log', nice: false, padding: 24 },
  axis: { format: '~s', tickCount: 8 },
});

const y = (field: string, title: string) => ({
  field,
  type: 'quantitative',
  title,
  axis: { format: '.1%' },
  scale: { zero: false, padding: 16 },
});

const size = { width: 780, height: 420 };

/** Texts beside their points; those on one side and of one height make a layer. */
function textLayers(
  values: readonly Placed<Labelled>[],
  fontStyle: string,
  position: Record<string, unknown>,
) {
  const keyOf = ({ side, dy }: Placed<Labelled>) => `${side} ${dy}`;
  return [...new Set(values.map(keyOf))].map((key) => {
    const own = values.filter((value) => keyOf(value) === key);
    const [{ side, dy }] = own as [Placed<Labelled>];
    const beside = side === 'right' ? { align: 'left', dx: 7 } : { align: 'right', dx: -7 };
    return {
      data: { values: own },
      mark: { type: 'text', ...beside, dy, baseline: 'middle', fontSize: 10, fontStyle, fill: ink },
      encoding: { ...position, text: { field: 'name' } },
    };
  });
}

/**
 * Accuracy against bytes of the file (logarithmic): a point a configuration, its spread over seeds as a bar, a line along
 * the configurations no other beats on the validation images, and published results as diamonds.
 *
 * @returns an SVG picture whose colours are variables of the page; undefined when there is nothing to draw
 */
export async function accuracyAgainstBytes(
  groups: readonly ResultGroup[],
  kind: AccuracyKind,
): Promise<string | undefined> {
  const drawn = groups.filter((group) => group.fileBytes !== null && group[kind]);
  if (drawn.length === 0) return undefined;
  // Of several models a label says which it is of.
  const several = new Set(drawn.map(({ model }) => model)).size > 1;
  const point = (group: ResultGroup) =>
    pointOf(group, group[kind]!, several ? `${group.model}: ${group.label}` : group.label);
  const points = drawn.map(point);
  const best = frontier(drawn).map(point);
  const [{ dataset }] = drawn as [ResultGroup];
  const published = references
    .filter((reference) => reference.dataset === dataset)
    .map(({ system, bytes, accuracy }) => ({ bytes, accuracy, name: system }));
  const title = `${kind} accuracy, mean over seeds`;
  const position = { x: x('bytes of the file'), y: y('accuracy', title) };
  const series = { field: 'series', type: 'nominal' };
  // Published results come first: they are the marks to pass.
  const wanted = [
    ...published.map((point) => ({ ...point, fontStyle: 'italic' })),
    ...best.map((point) => ({ ...point, fontStyle: 'normal' })),
  ];
  const labels = placeLabels(wanted, [...published, ...points], size);
  const layer = [
    {
      data: { values: best },
      mark: { type: 'line', color: soft, strokeWidth: 1.2, strokeDash: [5, 3] },
      encoding: position,
    },
    {
      data: { values: points.filter(({ low, high }) => high > low) },
      mark: { type: 'rule', strokeWidth: 1.5, opacity: 0.6 },
      encoding: { x: position.x, y: y('low', title), y2: { field: 'high' }, color: series },
    },
    {
      data: { values: points },
      mark: { type: 'point', filled: true, size: 60, opacity: 0.9 },
      encoding: { ...position, color: series, description: { field: 'name' } },
    },
    {
      data: { values: published },
      mark: { type: 'point', shape: 'diamond', size: 70, stroke: ink, strokeWidth: 1.3 },
      encoding: position,
    },
    ...['italic', 'normal'].flatMap((fontStyle) =>
      textLayers(
        labels.filter((label) => label.fontStyle === fontStyle),
        fontStyle,
        position,
      ),
    ),
  ];
  return draw(
    { ...size, layer },
    `Accuracy on the ${kind} images of ${dataset} against bytes of the file`,
  );
}

/** The picture as a file of its own: colours written out, on white, with a size. */
export function standaloneSvg(svg: string): string {
  const colored = svg.replaceAll(/var\(--([\w-]+)\)/g, (_, name) => lightColors[name] ?? '#000000');
  const [, box] = /viewBox="([^"]+)"/.exec(colored) ?? [];
  const [left, top, width, height] = (box ?? '0 0 860 500').split(' ');
  const page = `<rect x="${left}" y="${top}" width="${width}" height="${height}" fill="#ffffff"/>`;
  return `${colored
    .replace(/^<svg /, `<svg width="${width}" height="${height}" `)
    .replace(/>/, `>${page}`)}\n`;
}
