// How long does a full training step take on a GPU (forward, backward, AdamW, loss read), beside PyTorch's own, in float32, TF32
// and bfloat16?
// usage: node benchmarks/engine/gpu-step.mjs [--model NAME]... [--batch N]... [--rounds N] [--warmup N] [--start-limit S]
// from the file of pnpm bundle: node pleat.mjs gpu-benchmark ...; PLEAT_PYTHON names the Python whose torch is the peer.
// The contenders of a model start side by side; then they take turns, one step at a time, the others waiting.
// "asked" is when the whole step has been handed to the GPU: where it is close to the step's own time, the processor that
// hands it over is what bounds the step, not the GPU.
import { execFileSync } from 'node:child_process';
import { parseArgs } from 'node:util';
import { median, report } from '../lib/measure.mjs';
import { cases, keep, learningRate } from './contenders/cases.mjs';
import { start } from './contenders/child.mjs';

/** form, precision, contender -> the program and its mode. Pleat's own are rows of their own, not a choice of the best. */
const contenders = [
  ['dense', 'float32', 'PyTorch eager, NCHW', 'python', 'nchw'],
  ['dense', 'float32', 'PyTorch eager, channels_last', 'python', 'channels_last'],
  ['dense', 'float32', 'PyTorch compiled', 'python', 'compile'],
  ['dense', 'float32', 'Pleat', 'node', 'torch'],
  ['dense', 'tf32', 'PyTorch eager, channels_last', 'python', 'channels_last'],
  ['dense', 'tf32', 'Pleat', 'node', 'torch'],
  ['dense', 'bfloat16', 'PyTorch eager, channels_last', 'python', 'channels_last'],
  ['dense', 'bfloat16', 'Pleat', 'node', 'torch'],
  ['masked', 'float32', 'PyTorch eager, channels_last', 'python', 'channels_last'],
  ['masked', 'float32', 'Pleat', 'node', 'torch'],
];
const { values } = parseArgs({
  options: {
    model: { type: 'string', multiple: true, default: Object.keys(cases) },
    batch: { type: 'string', multiple: true, default: ['128', '512'] },
    rounds: { type: 'string', default: '15' },
    warmup: { type: 'string', default: '5' },
    'start-limit': { type: 'string', default: '60' },
  },
});
const wrong = values.model.find((model) => !(model in cases));
if (wrong !== undefined) {
  console.error(`--model ${wrong}: choose one of ${Object.keys(cases).join('; ')}.`);
  process.exit(2);
}

/** A contender that has trained one step, or why there is none. */
async function enter(model, batch, [form, precision, contender, command, mode]) {
  const options = { case: { ...cases[model], batch }, form, mode, precision, threads: 2 };
  const seconds = Number(values['start-limit']);
  const late = new Promise((resolve) => {
    setTimeout(resolve, seconds * 1e3, { absent: `not ready within ${seconds} s` }).unref();
  });
  const child = start(command, { ...options, device: 'cuda', keep, learningRate });
  const ready = await Promise.race([child, late]);
  return { row: { batch, form, precision, contender }, ready, steps: [] };
}

function rowOf({ row, ready, steps }, peer) {
  if (ready.absent !== undefined) return { ...row, note: `absent: ${ready.absent}` };
  const counted = steps.slice(-Number(values.rounds));
  const middle = (key) => median(counted.map((step) => step[key]));
  const all = counted.map(({ ms }) => ms);
  return {
    ...row,
    'ms a step': +middle('ms').toFixed(2),
    'ms until all is asked': +middle('askedMs').toFixed(2),
    fastest: +Math.min(...all).toFixed(2),
    slowest: +Math.max(...all).toFixed(2),
    'times as fast as eager, channels_last': peer ? +(peer / middle('ms')).toFixed(2) : '',
    'images/s': Math.round((row.batch / middle('ms')) * 1e3),
    note: ready.ready,
  };
}

async function compare(model) {
  const wanted = values.batch.flatMap((batch) =>
    contenders.map((contender) => enter(model, Number(batch), contender)),
  );
  const entered = await Promise.all(wanted);
  const running = entered.filter(({ ready }) => ready.absent === undefined);
  const turns = Number(values.warmup) + Number(values.rounds);
  for (let turn = 0; turn < turns; turn++) {
    for (const one of running.filter(({ ready }) => ready.absent === undefined)) {
      try {
        one.steps.push(await one.ready.step());
      } catch (error) {
        // Out of the GPU's memory, most likely: its row says so.
        one.ready = { absent: error.message };
      }
    }
  }
  for (const { ready } of running) ready.stop?.();
  const key = ({ batch, form, precision }) => `${batch} ${form} ${precision}`;
  const peers = Object.fromEntries(
    running
      .filter(({ ready }) => ready.absent === undefined)
      .filter(({ row }) => row.contender === 'PyTorch eager, channels_last')
      .map(({ row, steps }) => [
        key(row),
        median(steps.slice(-Number(values.rounds)).map(({ ms }) => ms)),
      ]),
  );
  return entered.map((one) => rowOf(one, peers[key(one.row)]));
}

const query = ['--query-gpu=name', '--format=csv,noheader'];
const gpu = execFileSync('nvidia-smi', query, { encoding: 'utf8' }).split('\n')[0];
for (const model of values.model) {
  report(
    `engine-gpu-${model}`,
    `How long does a training step of ${model} take on one ${gpu}?`,
    await compare(model),
  );
}
// A contender that was not ready in time may still be starting.
process.exit();
