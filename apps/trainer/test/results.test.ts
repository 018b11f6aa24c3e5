import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { frontier, groupRows, spread } from '../src/results/groups.ts';
import { placeLabels } from '../src/results/labels.ts';
import { references } from '../src/results/references.ts';
import { writeResults } from '../src/results/report.ts';
import { toCsv, toMarkdown } from '../src/results/table.ts';
import type { ResultRow } from '../src/sweep/row.ts';
import { temporaryFolder } from './run-fixture.ts';

interface Figures {
  fileBytes: number;
  validation: number;
  test: number;
}

function row(label: string, seed: number, figures?: Figures): ResultRow {
  const id = `${label}/${seed}`;
  const config = {
    dataset: 'cifar10',
    model: 'vit',
    method: 'mask',
    learner: 'signed',
    label,
    seed,
  };
  const head = { sweep: 's', id, label, config, attempts: 1, finishedAt: '' };
  if (!figures) return { ...head, status: 'failed', error: 'NaN, at "step 3"' };
  const rest = { float32Bytes: 100_000, paperRatio: 0.9, bitsPerWeight: 2, parameters: 25_000 };
  const run = { selectedEpoch: 1, imagesSeen: 500, seconds: 7, engine: 'cpu', threads: 1 };
  return { ...head, status: 'finished', result: { ...figures, ...rest, ...run } };
}

const rows = [
  row('small', 0, { fileBytes: 1000, validation: 0.5, test: 0.4 }),
  row('small', 1, { fileBytes: 1010, validation: 0.6, test: 0.5 }),
  row('worse', 0, { fileBytes: 2000, validation: 0.5, test: 0.9 }),
  row('large', 0, { fileBytes: 9000, validation: 0.7, test: 0.6 }),
  row('large', 1),
  row('broken', 0),
];
const groups = groupRows(rows);

describe('results', () => {
  test('are means and sample deviations over seeds, failures counted', () => {
    // Of 0.5 and 0.6: the deviation is 0.1 / sqrt 2.
    expect(spread([0.5, 0.6])!.mean).toBeCloseTo(0.55, 12);
    expect(spread([0.5, 0.6])!.std).toBeCloseTo(0.1 / Math.SQRT2, 12);
    expect(spread([0.5])).toEqual({ mean: 0.5, std: null });
    expect(spread([0.5, null])).toBeNull();
    expect(
      groups.map(({ label, seeds, failed, fileBytes }) => [label, seeds, failed, fileBytes]),
    ).toEqual([
      ['small', 2, 0, 1005],
      ['worse', 1, 0, 2000],
      ['large', 1, 1, 9000],
      ['broken', 0, 1, null],
    ]);
  });

  test('have a frontier that the validation images choose, not the test images', () => {
    expect(frontier(groups).map(({ label }) => label)).toEqual(['small', 'large']);
  });

  test('are written as CSV and Markdown with every figure', () => {
    const csv = toCsv(groups).split('\r\n');
    expect(csv[0]).toContain(
      "file bytes,float32 bytes,paper's ratio,bits per weight,validation mean",
    );
    expect(csv[1]).toMatch(/^s,cifar10,vit,signed masks,small,2,0,1005,100000,0.9,2,0.55,0.0707/);
    expect(csv[4]).toMatch(/,"NaN, at ""step 3"""$/);
    const markdown = toMarkdown(groups).split('\n');
    expect(markdown[2]).toBe(
      '| vit: small | signed masks | 2 | 1,005 | 90.00 | 2.00 | 55.00 ± 7.07 | 45.00 ± 7.07 | 500 | 7 | cpu |',
    );
    expect(markdown[4]).toContain('| 1 (1 failed) |');
  });

  test('are drawn on a page that needs nothing else, and in a picture with its own colours', async () => {
    const folder = join(temporaryFolder(), 'report');
    const written = await writeResults(rows, { title: 'a <b>', folder, kind: 'test' });
    const html = readFileSync(written.html, 'utf8');
    expect(html).toContain('<title>a &lt;b&gt;</title>');
    expect(html).toContain('LilNetX VGG-16');
    expect(html).not.toMatch(/(src|href)="(?!data:|#)/);
    const svg = readFileSync(written.svg[0]!, 'utf8');
    expect(svg).not.toContain('var(');
    // Three configurations, five published results, one spread.
    expect(svg.match(/aria-roledescription="point"/g)).toHaveLength(8);
    expect(svg).toContain('LilNetX VGG-16');
    expect(svg).toMatch(/^<svg width="\d+" height="\d+" /);
  });

  test('of several models are labelled with the model too', async () => {
    const folder = join(temporaryFolder(), 'report');
    const svgOf = async (own: ResultRow[]) =>
      readFileSync((await writeResults(own, { title: 't', folder, kind: 'test' })).svg[0]!, 'utf8');
    const other = row('wide', 0, { fileBytes: 30_000, validation: 0.8, test: 0.8 });
    const mixer = { ...other, config: { ...other.config, model: 'convmixer' } };
    expect(await svgOf([...rows, other])).toContain('>wide<');
    const both = await svgOf([...rows, mixer]);
    expect(both).toContain('>convmixer: wide<');
    expect(both).toContain('>vit: small<');
  });

  test('are labelled without a text over another', () => {
    const size = { width: 780, height: 420 };
    const points = Array.from({ length: 40 }, (_, i) => ({
      bytes: 1000 * 1.1 ** (i % 7),
      accuracy: 0.5 + 0.001 * i,
      name: `configuration ${i}`,
    }));
    const placed = placeLabels(points, points, size);
    expect(placed.length).toBeGreaterThan(7);
    expect(placed[0]!.name).toBe('configuration 0');
    const boxes = placed.map(({ bytes, accuracy, name, dy, side }) => {
      const at = (780 * Math.log(bytes / 1000)) / (6 * Math.log(1.1));
      const left = side === 'right' ? at + 7 : at - 7 - 5 * name.length;
      const top = 420 - (420 * (accuracy - 0.5)) / 0.039 + dy;
      return { left, right: left + 5 * name.length, top, bottom: top + 11 };
    });
    for (const [i, a] of boxes.entries()) {
      for (const b of boxes.slice(i + 1)) {
        const apart = a.right < b.left || b.right < a.left || a.bottom < b.top || b.bottom < a.top;
        expect(apart, `${placed[i]!.name}`).toBe(true);
      }
    }
  });

  test('stand beside every published result, with its name, and no name over a diamond', () => {
    const size = { width: 780, height: 420 };
    const own = [12_000, 20_000, 45_000, 150_000].map((bytes, i) => ({
      bytes,
      accuracy: 0.45 + 0.05 * i,
      name: `128 wide, signed masks ${i}`,
    }));
    const all = [...references.map((entry) => ({ ...entry, name: entry.system })), ...own];
    const placed = placeLabels(all, all, size);
    expect(placed.map(({ name }) => name)).toEqual(all.map(({ name }) => name));
    const accuracies = all.map(({ accuracy }) => accuracy);
    const low = Math.min(...accuracies);
    const at = all.map(({ bytes, accuracy }) => ({
      x: (780 * Math.log(bytes / 12_000)) / Math.log((348 * 1024) / 12_000),
      y: (420 * (Math.max(...accuracies) - accuracy)) / (Math.max(...accuracies) - low),
    }));
    for (const [i, { name, dy, side }] of placed.entries()) {
      const { x, y } = at[i]!;
      const [left, right] =
        side === 'right' ? [x + 7, x + 7 + 5 * name.length] : [x - 7 - 5 * name.length, x - 7];
      for (const point of at) {
        const under = point.x > left && point.x < right && Math.abs(point.y - y - dy) < 6;
        expect(under, name).toBe(false);
      }
    }
  });

  test('that all failed are a page without a picture', async () => {
    const folder = temporaryFolder();
    const { svg } = await writeResults([row('broken', 0)], { title: 't', folder, kind: 'test' });
    expect(svg).toEqual([]);
  });
});
