// How long does a full training step take on a GPU (forward, backward, AdamW, loss read), beside PyTorch's own, in float32, TF32
// and bfloat16?
// usage: node benchmarks/engine/gpu-step.mjs [--model NAME]... [--batch N]... [--compile NAME]... [--rounds N] [--warmup N]
// --device cpu tries the script where there is no GPU, and writes no results.
// from the file of pnpm bundle: node pleat.mjs gpu-benchmark ...; PLEAT_PYTHON names the Python whose torch is the peer.
// One process a side measures everything, case by case in turn, for a GPU takes seconds to start a process: run it where nothing
// else uses the GPU.
// Models to --compile have a process of their own for each batch, which must be ready before the others begin.
// "asked" is when the whole step has been handed to the GPU: where it is close to the step's own time, the processor that
// hands it over is what bounds the step, not the GPU.
import { execFileSync } from 'node:child_process';
import { parseArgs } from 'node:util';
import { median, report } from '../lib/measure.mjs';
import { cases, keep, learningRate } from './contenders/cases.mjs';
import { start } from './contenders/child.mjs';

const baseline = 'PyTorch eager, channels_last';
/** The contenders of each form and precision: name -> side and mode. */
const eager = { [baseline]: ['python', 'channels_last'], Pleat: ['node', 'torch'] };
const table = [
  ['dense', 'float32', { 'PyTorch eager, NCHW': ['python', 'nchw'], ...eager }],
  ['dense', 'tf32', eager],
  ['dense', 'bfloat16', eager],
  ['masked', 'float32', eager],
];
const { values } = parseArgs({
  options: {
    model: { type: 'string', multiple: true, default: Object.keys(cases) },
    batch: { type: 'string', multiple: true, default: ['128', '512'] },
    compile: { type: 'string', multiple: true, default: [] },
    'compile-limit': { type: 'string', default: '60' },
    rounds: { type: 'string', default: '9' },
    warmup: { type: 'string', default: '3' },
    device: { type: 'string', default: 'cuda' },
  },
});
const wrong = [...values.model, ...values.compile].find((model) => !(model in cases));
if (wrong !== undefined) {
  console.error(`--model ${wrong}: choose one of ${Object.keys(cases).join('; ')}.`);
  process.exit(2);
}

const { device } = values;
const optionsOf = (model, batch, form, precision, mode) => ({
  ...{ case: { ...cases[model], batch: Number(batch) }, form, mode, precision },
  ...{ threads: 2, device, keep, learningRate },
});

/** The steps of a contender that count, after some that warm it up; or why there are none. */
async function measure(child, { absent }) {
  if (absent !== undefined) return { absent };
  const [warmup, rounds] = [Number(values.warmup), Number(values.rounds)];
  const taken = [];
  try {
    for (let i = 0; i < warmup + rounds; i++) taken.push(await child.step());
  } catch (error) {
    return { absent: error.message };
  }
  return { taken: taken.slice(warmup) };
}

const milliseconds = (taken) => median(taken.map(({ ms }) => ms));

function rowOf(row, { taken, absent }, peer) {
  if (absent !== undefined) return { ...row, note: `absent: ${absent}` };
  const ms = milliseconds(taken);
  const all = taken.map((step) => step.ms);
  return {
    ...row,
    'ms a step': +ms.toFixed(2),
    'ms until all is asked': +median(taken.map(({ askedMs }) => askedMs)).toFixed(2),
    fastest: +Math.min(...all).toFixed(2),
    slowest: +Math.max(...all).toFixed(2),
    'times as fast as eager, channels_last': peer ? +(peer / ms).toFixed(2) : '',
    'images/s': Math.round((row.batch / ms) * 1e3),
  };
}

/** Every model and batch that is to be compiled, in a process of its own: all compile at the same time. */
async function compiled() {
  const wanted = values.compile.flatMap((model) => values.batch.map((batch) => [model, batch]));
  const started = wanted.map(async ([model, batch]) => {
    const child = start('python', optionsOf(model, batch, 'dense', 'float32', 'compile'));
    const limit = Number(values['compile-limit']);
    const late = new Promise((resolve) => {
      setTimeout(resolve, limit * 1e3, { absent: `not compiled within ${limit} s` }).unref();
    });
    return [`${model} ${batch}`, await Promise.race([child, late])];
  });
  return Object.fromEntries(await Promise.all(started));
}

const peers = await compiled();
const first = optionsOf(values.model[0], values.batch[0], 'dense', 'float32');
const sides = {
  python: await start('python', { ...first, mode: 'channels_last' }),
  node: await start('node', { ...first, mode: 'torch' }),
};
for (const [side, { absent }] of Object.entries(sides)) {
  if (absent === undefined) continue;
  console.error(`${side}: ${absent}`);
  process.exit(2);
}
const gpu =
  device === 'cpu'
    ? 'processor'
    : execFileSync('nvidia-smi', ['--query-gpu=name', '--format=csv,noheader'], {
        encoding: 'utf8',
      }).split('\n')[0];

for (const model of values.model) {
  const rows = [];
  for (const batch of values.batch) {
    for (const [form, precision, contenders] of table) {
      const found = {};
      // One after the other, the other side idle.
      for (const [name, [side, mode]] of Object.entries(contenders)) {
        const child = sides[side];
        const ready = await child.become(optionsOf(model, batch, form, precision, mode));
        found[name] = await measure(child, ready);
      }
      const compiler = peers[`${model} ${batch}`];
      if (compiler && form === 'dense' && precision === 'float32') {
        found['PyTorch compiled'] = await measure(compiler, compiler);
      }
      const { taken } = found[baseline];
      const row = { batch: Number(batch), form, precision };
      for (const [contender, one] of Object.entries(found)) {
        rows.push(rowOf({ ...row, contender }, one, taken && milliseconds(taken)));
      }
    }
  }
  const of = `${sides.node.ready}, ${sides.python.ready}`;
  const question = `How long does a training step of ${model} take on one ${gpu} (${of})?`;
  if (device === 'cpu') console.table(rows);
  else report(`engine-gpu-${model}`, question, rows);
}
// A contender that has not compiled in time may still be at it.
process.exit();
