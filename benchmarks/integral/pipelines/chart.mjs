// Accuracy against the share of parameters removed, a panel for each network and league, as one SVG picture.
import * as vega from 'vega';
import { compile } from 'vega-lite';

const colors = ['#1b6ca8', '#7fb3d5', '#c0392b', '#e59866', '#7f8c8d', '#27ae60', '#8e44ad'];

/** @param panels `{ title, points: { removed, accuracy, low, high, series }[] }` */
export async function chart(panels, series) {
  const x = { field: 'removed', type: 'quantitative', title: '% of parameters removed' };
  const axis = (field) => ({
    field,
    type: 'quantitative',
    title: 'validation accuracy, %',
    scale: { zero: false },
  });
  const color = {
    field: 'series',
    type: 'nominal',
    title: null,
    scale: { domain: series, range: colors },
    legend: { orient: 'bottom', columns: 2, labelLimit: 0 },
  };
  const spec = {
    background: 'white',
    padding: 8,
    concat: panels.map(({ title, points }) => ({
      title,
      width: 330,
      height: 240,
      data: { values: points },
      layer: [
        { mark: { type: 'line', point: true }, encoding: { x, y: axis('accuracy'), color } },
        {
          mark: { type: 'rule', opacity: 0.5 },
          encoding: { x, y: axis('low'), y2: { field: 'high' }, color },
        },
      ],
    })),
    columns: 2,
  };
  const view = new vega.View(vega.parse(compile(spec).spec), { renderer: 'none' });
  const svg = await view.toSVG();
  view.finalize();
  return `${svg}\n`;
}
