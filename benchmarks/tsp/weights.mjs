// How short are orders of channels after one second of processor time, and how far could they be from the shortest?
// Open paths over L1 distances: channels of a network trained here on Fashion-MNIST, and made-up ones that look like
// trained filters. The optima are not known: lengths stand against the shortest of all runs, among them one of ours of
// five seconds.
import { loadavg } from 'node:os';
import { channelGraph, channelSlices } from '@pleat/channels';
import { fillNormal, rng, stream } from '@pleat/random';
import { distanceMatrix, solve } from '@pleat/tsp';
import { loadImages, startEngine, trained } from '../lib/fashion.mjs';
import { processorTime, report } from '../lib/measure.mjs';
import { hasOrtools, ortools } from './peers/or-tools.mjs';
import { twoOptRestarts } from './peers/two-opt.mjs';

const seconds = 1;
const seeds = [0, 1, 2];

/** Filters as sums of a few shared patterns with a scale of their own, and noise: n channels of `length` weights. */
function madeUp(n, length, patterns, seed) {
  const normal = (label, size) => fillNormal(stream(seed, label), new Float32Array(size));
  const [basis, mix] = [normal('basis', patterns * length), normal('mix', n * patterns)];
  const [noise, scales] = [normal('noise', n * length), normal('scales', n)];
  const data = new Float32Array(n * length);
  for (let c = 0; c < n; c++) {
    for (let k = 0; k < length; k++) {
      let sum = 0.5 * noise[c * length + k];
      for (let p = 0; p < patterns; p++) sum += mix[c * patterns + p] * basis[p * length + k];
      data[c * length + k] = Math.exp(0.5 * scales[c]) * sum;
    }
  }
  return distanceMatrix([{ data, shape: [n, length] }]);
}

/** The groups of a network that was trained. */
async function trainedGroups() {
  await startEngine();
  const { train } = await loadImages();
  const model = trained(train, 0, 1);
  return channelGraph(model)
    .groups.filter(({ fixed, size }) => fixed === undefined && size >= 32)
    .map(({ id, size }) => {
      const { slices, weights } = channelSlices(model, id);
      return [`trained, ${id}: ${size}`, distanceMatrix(slices, weights)];
    });
}

const instances = [
  ...(await trainedGroups()),
  ...[
    [128, 576, 6],
    [256, 1152, 8],
    [512, 2304, 8],
    [1024, 2304, 12],
    [2048, 1152, 12],
  ].map(([n, length, patterns]) => [`made up: ${n}`, madeUp(n, length, patterns, n)]),
];

/** The same path as a closed tour through one more city at distance 0, for solvers of tours. */
function withDummy({ n, data }) {
  const out = new Float32Array((n + 1) * (n + 1));
  for (let i = 0; i < n; i++) out.set(data.subarray(i * n, (i + 1) * n), i * (n + 1));
  return { n: n + 1, data: out };
}

const mean = (values) => values.reduce((a, b) => a + b, 0) / values.length;
const loads = [loadavg()[0]];
const rows = [];
for (const [name, matrix] of instances) {
  const tours = withDummy(matrix);
  const scale = 1e6 / matrix.data.reduce((most, distance) => Math.max(most, distance), 0);
  const runs = seeds.map((seed) => {
    const found = solve(matrix, { seed, timeLimit: seconds, clock: processorTime });
    const start = processorTime();
    const plain = twoOptRestarts(tours, rng(stream(seed, 'bench/starts')).integer, () => {
      return processorTime() - start > 1000 * seconds;
    });
    return {
      found: found.length,
      bound: found.lowerBound,
      plain,
      ortools: hasOrtools ? ortools(tours, seconds, scale) : NaN,
      identity: found.identityLength,
    };
  });
  const of = (key) => runs.map((run) => run[key]);
  const long = solve(matrix, { seed: 9, timeLimit: 5 * seconds, clock: processorTime });
  const known = [long.length, ...of('found'), ...of('plain'), ...of('ortools')];
  const best = Math.min(...known.filter(Number.isFinite));
  const excess = (length) => 100 * (length / best - 1);
  loads.push(loadavg()[0]);
  rows.push({
    instance: name,
    channels: matrix.n,
    'path, mean %': excess(mean(of('found'))),
    'path, worst %': excess(Math.max(...of('found'))),
    'bound, mean %': excess(mean(of('bound'))),
    'as they came %': excess(runs[0].identity),
    '2-opt with restarts, mean %': excess(mean(of('plain'))),
    'OR-tools, mean %': hasOrtools ? excess(mean(of('ortools'))) : 'absent',
  });
  console.log(
    name,
    rows.at(-1)['path, mean %'].toFixed(3),
    rows.at(-1)['bound, mean %'].toFixed(2),
  );
}
const range = [Math.min(...loads), Math.max(...loads)].map((load) => load.toFixed(1)).join(' to ');
report(
  'tsp-weights',
  `Open paths through channels after one second of processor time, ${seeds.length} seeds: % above (below: the bound) the shortest known, which is the best of all runs and of one of ours of five seconds. Load average of the machine during the run: ${range}.`,
  rows,
);
