// How long does a full training step take on a GPU (forward, backward, AdamW, loss read), beside PyTorch's own, in float32, TF32
// and bfloat16?
// usage: node benchmarks/engine/gpu-step.mjs [--model NAME]... [--batch N]... [--compile NAME]... [--rounds N] [--warmup N]
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

/** Some steps of one contender: milliseconds each, those until all is asked for, or why there are none. */
async function steps(child, count) {
  const taken = [];
  try {
    for (let i = 0; i < count; i++) taken.push(await child.step());
  } catch (error) {
    return { absent: error.message };
  }
  return { taken };
}

/** Contenders one after the other, the others idle; each trains a model of its own, with warm steps before those that count. */
async function measure(children, names, prepare) {
  const taken = Object.fromEntries(names.map((name) => [name, []]));
  const absent = {};
  for (const name of names) {
    const ready = await prepare(name);
    if (ready.absent !== undefined) absent[name] = ready.absent;
    else {
      const { absent: why, taken: got } = await steps(
        children[name],
        Number(values.warmup) + Number(values.rounds),
      );
      if (why) absent[name] = why;
      else taken[name] = got.slice(Number(values.warmup));
    }
  }
  return { taken, absent };
}

function rowOf(names, batch, name, taken, absent, peer) {
  const row = { batch: Number(batch), ...names, contender: name };
  if (absent !== undefined) return { ...row, note: `absent: ${absent}` };
  const middle = (key) => median(taken.map((step) => step[key]));
  const all = taken.map(({ ms }) => ms);
  return {
    ...row,
    'ms a step': +middle('ms').toFixed(2),
    'ms until all is asked': +middle('askedMs').toFixed(2),
    fastest: +Math.min(...all).toFixed(2),
    slowest: +Math.max(...all).toFixed(2),
    'times as fast as eager, channels_last': peer ? +(peer / middle('ms')).toFixed(2) : '',
    'images/s': Math.round((row.batch / middle('ms')) * 1e3),
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
  if (absent !== undefined) throw new Error(`${side}: ${absent}`);
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
      const names = Object.keys(contenders);
      const children = Object.fromEntries(names.map((name) => [name, sides[contenders[name][0]]]));
      const prepare = (name) =>
        children[name].become(optionsOf(model, batch, form, precision, contenders[name][1]));
      const { taken, absent } = await measure(children, names, prepare);
      const peer = taken[baseline].length > 0 && median(taken[baseline].map(({ ms }) => ms));
      for (const name of names) {
        rows.push(rowOf({ form, precision }, batch, name, taken[name], absent[name], peer));
      }
      const child = peers[`${model} ${batch}`];
      if (child === undefined || form !== 'dense' || precision !== 'float32') continue;
      const name = 'PyTorch compiled';
      const own = await measure({ [name]: child }, [name], () => child);
      rows.push(rowOf({ form, precision }, batch, name, own.taken[name], own.absent[name], peer));
    }
  }
  const of = `${sides.node.ready}, ${sides.python.ready}`;
  report(
    `engine-gpu-${model}`,
    `How long does a training step of ${model} take on one ${gpu} (${of})?`,
    rows,
  );
}
// A contender that has not compiled in time may still be at it.
process.exit();
