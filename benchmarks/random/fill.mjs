// How fast does one core fill a Float32Array with random numbers, beside Math.random doing the same job?
import { fillNormal, fillSign, fillUniform, stream } from '@pleat/random';
import { alternate, processorTime, report } from '../lib/measure.mjs';

const size = 10_000_000;
const s = stream(1, 'benchmark');
const out = new Float32Array(size);

const jobs = {
  uniform: {
    '@pleat/random': () => fillUniform(s, out),
    'Math.random': () => {
      for (let i = 0; i < size; i++) out[i] = Math.random();
    },
  },
  normal: {
    '@pleat/random': () => fillNormal(s, out),
    // Box and Muller's transform, both of its numbers used.
    'Math.random': () => {
      for (let i = 0; i < size; i += 2) {
        const radius = Math.sqrt(-2 * Math.log(1 - Math.random()));
        const angle = 2 * Math.PI * Math.random();
        out[i] = radius * Math.cos(angle);
        out[i + 1] = radius * Math.sin(angle);
      }
    },
  },
  sign: {
    '@pleat/random': () => fillSign(s, out),
    'Math.random': () => {
      for (let i = 0; i < size; i++) out[i] = Math.random() < 0.5 ? -1 : 1;
    },
  },
};

const rows = [];
for (const [numbers, contestants] of Object.entries(jobs)) {
  const times = await alternate(contestants, { clock: processorTime });
  const ours = times['@pleat/random'].median;
  const theirs = times['Math.random'].median;
  rows.push({
    numbers,
    size,
    'ours M/s': Math.round(size / ours / 1e3),
    'Math.random M/s': Math.round(size / theirs / 1e3),
    ratio: Number((theirs / ours).toFixed(1)),
  });
}

// The same fills where WebAssembly is missing: a copy of the module that never sees it.
const { WebAssembly } = globalThis;
delete globalThis.WebAssembly;
const portable = await import(`${import.meta.resolve('@pleat/random')}?portable`);
const plain = {
  uniform: portable.fillUniform,
  normal: portable.fillNormal,
  sign: portable.fillSign,
};
for (const row of rows) plain[row.numbers](s, out.subarray(0, 1));
globalThis.WebAssembly = WebAssembly;
for (const row of rows) {
  const { work } = await alternate(
    { work: () => plain[row.numbers](s, out) },
    { rounds: 3, warmup: 1, clock: processorTime },
  );
  row['without WebAssembly M/s'] = Math.round(size / work.median / 1e3);
}

report(
  'random',
  'Random float32 numbers per second of processor time, ten million in one array',
  rows,
);
