import type { Dataset, Split } from '@pleat/datasets';
import { encode } from 'fast-png';
import { escapeHtml } from './escape.ts';

/** One image of a split as a PNG in a data URI. */
function pngUri(split: Split, index: number, [height, width, channels]: Dataset['shape']): string {
  const size = height * width * channels;
  const data = split.images.slice(index * size, (index + 1) * size);
  const png = encode({ width, height, channels: channels as 1 | 3, depth: 8, data });
  return `data:image/png;base64,${Buffer.from(png).toString('base64')}`;
}

/** The first images of a split, half of them mistakes where there are so many, with what was predicted. */
export function sampleFigures(
  split: Split,
  predictions: Uint16Array,
  { shape, classes }: Pick<Dataset, 'shape' | 'classes'>,
  count = 18,
): string {
  const indices = Array.from({ length: split.length }, (_, i) => i);
  const wrong = indices.filter((i) => predictions[i] !== split.labels[i]).slice(0, count / 2);
  const right = indices
    .filter((i) => predictions[i] === split.labels[i])
    .slice(0, count - wrong.length);
  return [...right, ...wrong]
    .map((i) => {
      const truth = escapeHtml(classes[split.labels[i]!]);
      const guess = escapeHtml(classes[predictions[i]!]);
      const caption =
        truth === guess
          ? `<span class="right">${truth}</span>`
          : `<span class="wrong">${guess}</span><br><span class="soft">is ${truth}</span>`;
      return `<figure><img alt="${truth}" src="${pngUri(split, i, shape)}"><figcaption>${caption}</figcaption></figure>`;
    })
    .join('\n');
}
