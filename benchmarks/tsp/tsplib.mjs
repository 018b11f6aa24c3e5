// How far above the proven optimum are tours after one second of processor time, and how far below is the bound?
// Cities are shuffled by the seed: some files list theirs in an optimal order.
//   node benchmarks/tsp/tsplib.mjs [NAME ...]      with names: those instances alone, and no table is written
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { loadavg } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { permutation, rng, stream } from '@pleat/random';
import { parseTsplib, solve } from '@pleat/tsp';
import { processorTime, report } from '../lib/measure.mjs';
import { hasOrtools, ortools } from './peers/or-tools.mjs';
import { twoOptRestarts } from './peers/two-opt.mjs';

const here = dirname(fileURLToPath(import.meta.url));
const shared = join(here, '../../../shared/data');
const folder = join(process.env.PLEAT_DATA ?? shared, 'tsplib95');
const seconds = 1;
const seeds = [0, 1, 2, 3, 4];

if (!existsSync(folder)) {
  console.log(`skipped: ${folder} is absent; name the folder that holds tsplib95 in PLEAT_DATA`);
  process.exit(0);
}
// Processor time is less on a busy machine, whose caches and cores are shared: say how busy it was.
const loads = [loadavg()[0]];

const optima = new Map(
  [...readFileSync(join(folder, 'solutions.txt'), 'utf8').matchAll(/^(\S+) : (\d+)/gm)].map(
    ([, name, optimum]) => [name, Number(optimum)],
  ),
);
const wanted = process.argv.slice(2);
const instances = readdirSync(folder)
  .filter((file) => file.endsWith('.tsp'))
  .filter((file) => wanted.length === 0 || wanted.includes(file.slice(0, -4)))
  .map((file) => ({
    name: file.slice(0, -4),
    matrix: parseTsplib(readFileSync(join(folder, file), 'utf8')).matrix,
  }))
  .sort((a, b) => a.matrix.n - b.matrix.n);

function shuffled({ n, data }, seed) {
  const place = permutation(stream(seed, 'bench/cities'), n);
  const out = new Float32Array(n * n);
  for (let i = 0; i < n; i++) {
    const row = data.subarray(place[i] * n, (place[i] + 1) * n);
    for (let j = 0; j < n; j++) out[i * n + j] = row[place[j]];
  }
  return { n, data: out };
}

/** The length of an order, once it is certain that it visits every city once. */
function checkedLength({ n, data }, order) {
  if (order.length !== n || new Set(order).size !== n) throw new Error('not every city once');
  return order.reduce((sum, city, i) => sum + data[city * n + order[(i + 1) % n]], 0);
}

const mean = (values) => values.reduce((a, b) => a + b, 0) / values.length;
const rows = [];
for (const { name, matrix } of instances) {
  const optimum = optima.get(name);
  const excess = (length) => 100 * (length / optimum - 1);
  const runs = seeds.map((seed) => {
    const cities = shuffled(matrix, seed);
    globalThis.gc?.();
    const begin = processorTime();
    const found = solve(cities, { closed: true, seed, timeLimit: seconds, clock: processorTime });
    const took = processorTime() - begin;
    const length = checkedLength(cities, found.order);
    if (found.lowerBound > optimum) throw new Error(`${name}: the bound is above the optimum`);
    const start = processorTime();
    const plain = twoOptRestarts(cities, rng(stream(seed, 'bench/starts')).integer, () => {
      return processorTime() - start > 1000 * seconds;
    });
    return {
      tour: excess(length),
      bound: excess(found.lowerBound),
      plain: excess(plain),
      ortools: hasOrtools ? excess(ortools(cities, seconds)) : NaN,
      kicks: found.kicks,
      took,
    };
  });
  const of = (key) => runs.map((run) => run[key]);
  loads.push(loadavg()[0]);
  rows.push({
    instance: name,
    cities: matrix.n,
    'tour, mean %': mean(of('tour')),
    'tour, worst %': Math.max(...of('tour')),
    'bound, mean %': mean(of('bound')),
    'bound, worst %': Math.min(...of('bound')),
    '2-opt with restarts, mean %': mean(of('plain')),
    'OR-tools, mean %': hasOrtools ? mean(of('ortools')) : 'absent',
    kicks: Math.round(mean(of('kicks'))),
    seconds: mean(of('took')) / 1000,
  });
  console.log(
    name,
    rows.at(-1)['tour, mean %'].toFixed(3),
    rows.at(-1)['bound, mean %'].toFixed(2),
    `(worst ${rows.at(-1)['bound, worst %'].toFixed(2)})`,
  );
}
if (wanted.length > 0) process.exit(0);

function summary(instance, from, to) {
  const group = rows.filter(({ cities }) => cities >= from && cities <= to);
  const average = (key) => mean(group.map((row) => row[key]));
  return {
    instance,
    cities: `${from} to ${to}`,
    'tour, mean %': average('tour, mean %'),
    'tour, worst %': Math.max(...group.map((row) => row['tour, worst %'])),
    'bound, mean %': average('bound, mean %'),
    'bound, worst %': Math.min(...group.map((row) => row['bound, worst %'])),
    '2-opt with restarts, mean %': average('2-opt with restarts, mean %'),
    'OR-tools, mean %': hasOrtools ? average('OR-tools, mean %') : 'absent',
  };
}
const range = [Math.min(...loads), Math.max(...loads)].map((load) => load.toFixed(1)).join(' to ');
const busy = `Load average of the machine during the run: ${range}.`;
const groups = [
  summary('small', 2, 100),
  summary('up to 1,100', 2, 1100),
  summary('large', 1101, 4461),
];
report(
  'tsp-tsplib',
  `Closed tours of TSPLIB95 after one second of processor time, 5 seeds, cities shuffled: % above (below: the bound) the proven optimum. Subgradient ascent without cuts converges to the Held-Karp bound, which for fl1400 itself lies 1.71 % below the optimum. ${busy}`,
  [...rows, ...groups],
);
