// How long does it take to draw and lay out the weights of a network of 11 million, by strategy and distribution?
import { materialize, planPrototype } from '@pleat/prototype';
import { alternate, processorTime, report } from '../lib/measure.mjs';

// ConvMixer 1024/9, kernel 5, patch 7, for 1000 classes.
const dim = 1024;
const layers = [
  { name: 'patches', shape: [7, 7, 3, dim], fanIn: 147 },
  ...Array.from({ length: 9 }, (_, i) => [
    { name: `depthwise${i}`, shape: [5, 5, dim, 1], fanIn: 25 },
    { name: `pointwise${i}`, shape: [1, 1, dim, dim], fanIn: dim },
  ]).flat(),
  { name: 'classifier', shape: [dim, 1000], fanIn: dim },
];
const strategies = ['full', 'one-layer', 'max-layer', 'random-vector'];
const distributions = ['signed-constant', 'kaiming-uniform', 'kaiming-normal'];

const rows = [];
for (const strategy of strategies) {
  const plans = distributions.map((distribution) =>
    planPrototype(layers, { strategy, distribution }),
  );
  const contestants = Object.fromEntries(
    plans.map((plan, i) => [distributions[i], () => materialize(plan)]),
  );
  const times = await alternate(contestants, { clock: processorTime });
  const [{ uniqueValues, totalWeights }] = plans;
  const row = { strategy, weights: totalWeights, 'unique values': uniqueValues };
  for (const name of distributions) {
    row[`${name} ms`] = Number(times[name].median.toFixed(1));
  }
  rows.push(row);
}
// What no strategy can go below: memory that the system has to hand over.
const { work } = await alternate(
  {
    work: () => layers.map(({ shape }) => new Float32Array(shape.reduce((a, b) => a * b)).fill(1)),
  },
  { clock: processorTime },
);
rows.push({
  strategy: '(one constant, for comparison)',
  weights: rows[0].weights,
  'unique values': 1,
  'signed-constant ms': Number(work.median.toFixed(1)),
});

report(
  'prototype',
  'Milliseconds of processor time to materialise the weights of a network (median)',
  rows,
);
