// How long does a full training step take (forward, backward, AdamW, loss read), beside PyTorch's own?
// usage: node benchmarks/engine/training-step.mjs [--model NAME]... [--form dense|masked]... [--contender NAME]...
//        [--rounds N] [--seconds N] [--warmup N] [--rehearsals N] [--calm SHARE] [--threads N] [--batch N]
//        [--device cpu|cuda]
// A step counts when all other processes together took at most a share --calm of the processors meanwhile (Linux). Contenders take
// turns until each has --rounds such steps or --seconds are over; one that has too few by then gets its calmest ones.
// Contenders in Node train --rehearsals steps of a single image before, so that V8 has compiled what runs: a training has
// thousands of steps. PyTorch runs compiled code from the first step on.
// Runs may be split by form and by contender: rows that a run does not measure stay in the results. Ratios are to the baseline of
// the same run, so let it take part in each.
// PLEAT_PYTHON names the Python whose torch is the peer. Contenders a machine does not have are listed as absent.
import { existsSync, readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { median, report } from '../lib/measure.mjs';
import { beside } from '../lib/others.mjs';
import { cases, forms, keep, learningRate } from './contenders/cases.mjs';
import { start } from './contenders/child.mjs';

const baseline = 'PyTorch eager, channels_last';
const contenders = {
  'PyTorch eager, NCHW': ['python', 'nchw'],
  [baseline]: ['python', 'channels_last'],
  'PyTorch compiled': ['python', 'compile'],
  'Pleat on torch': ['node', 'torch'],
  'Pleat on wasm': ['node', 'wasm'],
  'Pleat on tensorflow': ['node', 'tensorflow'],
};
const { values } = parseArgs({
  options: {
    model: { type: 'string', multiple: true, default: Object.keys(cases) },
    form: { type: 'string', multiple: true, default: forms },
    contender: { type: 'string', multiple: true, default: Object.keys(contenders) },
    rounds: { type: 'string', default: '15' },
    seconds: { type: 'string', default: '120' },
    calm: { type: 'string', default: '0.03' },
    warmup: { type: 'string', default: '3' },
    rehearsals: { type: 'string', default: '150' },
    threads: { type: 'string', default: '2' },
    batch: { type: 'string' },
    device: { type: 'string', default: 'cpu' },
  },
});
for (const [name, known] of Object.entries({ model: cases, contender: contenders })) {
  const wrong = values[name].find((value) => !(value in known));
  if (wrong === undefined) continue;
  console.error(`--${name} ${wrong}: choose one of ${Object.keys(known).join('; ')}.`);
  process.exit(2);
}

/** Starts the contenders that this machine has. */
async function enter(options) {
  const [entered, absent] = [{}, {}];
  for (const name of values.contender) {
    const [command, mode] = contenders[name];
    const more = command === 'node' ? { rehearsals: Number(values.rehearsals) } : {};
    const child = await start(command, { ...options, ...more, mode });
    if (child.absent === undefined) entered[name] = child;
    else absent[name] = child.absent;
  }
  return { entered, absent };
}

const isCalm = ({ share }) => share <= Number(values.calm);
/** Those that are calm are alike: which of them count must not depend on their times. */
const calmFirst = (a, b) => (isCalm(a) && isCalm(b) ? 0 : a.share - b.share);

async function compare(model, form) {
  const given = cases[model];
  const one = { ...given, batch: Number(values.batch ?? given.batch) };
  const threads = Number(values.threads);
  const common = { case: one, form, threads, device: values.device, keep, learningRate };
  const { entered, absent } = await enter(common);
  const steps = Object.fromEntries(Object.keys(entered).map((name) => [name, []]));
  const rounds = Number(values.rounds);
  const enough = () => Object.values(steps).every((taken) => taken.filter(isCalm).length >= rounds);
  const end = performance.now() + 1000 * Number(values.seconds);
  for (let round = -Number(values.warmup); ; round++) {
    if (round >= rounds && (enough() || performance.now() > end)) break;
    for (const [name, child] of Object.entries(entered)) {
      // Each child times its own steps: the way there and back is not part of them.
      const { result, share } = await beside(child.pid, child.step);
      if (round >= 0) steps[name].push({ ...result, share });
    }
  }
  for (const child of Object.values(entered)) child.stop();
  const counted = (name) =>
    steps[name].toSorted(calmFirst).slice(0, Math.max(rounds, calmOf(name)));
  const calmOf = (name) => steps[name].filter(isCalm).length;
  const times = (name) => counted(name).map(({ ms }) => ms);
  const middle = (name) => median(times(name));
  const ran = Object.entries(entered).map(([name, { ready, trained }]) => ({
    form,
    contender: name,
    'ms a step': +middle(name).toFixed(2),
    fastest: +Math.min(...times(name)).toFixed(2),
    slowest: +Math.max(...times(name)).toFixed(2),
    steps: times(name).length,
    'others took %': +(100 * median(counted(name).map(({ share }) => share))).toFixed(1),
    'times as fast as channels_last':
      baseline in entered ? +(middle(baseline) / middle(name)).toFixed(2) : '',
    'images/s': Math.round((one.batch / middle(name)) * 1000),
    'peak MB': Math.round(Math.max(...steps[name].map(({ peakMb }) => peakMb))),
    'trained parameters': trained,
    note: ready,
  }));
  const missing = Object.entries(absent).map(([name, reason]) => ({
    form,
    contender: name,
    note: `absent: ${reason}`,
  }));
  return [...ran, ...missing];
}

/** The rows of earlier runs. */
function earlier(name) {
  const file = new URL(`../results/${name}.json`, import.meta.url);
  return existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')).rows : [];
}

/** Those rows with new ones in their places, in the order of forms and contenders. */
function merged(old, measured) {
  const key = ({ form, contender }) => `${form} ${contender}`;
  const rows = new Map([...old, ...measured].map((row) => [key(row), row]));
  const order = forms.flatMap((form) =>
    Object.keys(contenders).map((contender) => key({ form, contender })),
  );
  return order.filter((one) => rows.has(one)).map((one) => rows.get(one));
}

for (const model of values.model) {
  const onCpu = values.device === 'cpu';
  const batch = Number(values.batch ?? cases[model].batch);
  const name = `engine-${model}${onCpu ? '' : `-${values.device}-${batch}`}`;
  for (const form of values.form) {
    const measured = await compare(model, form);
    // Written after each form: compiling peers takes minutes, and what is measured should not wait for them.
    report(
      name,
      `How long does a training step of ${model} take (batch ${batch}, ${onCpu ? `${values.threads} threads` : values.device})?`,
      merged(earlier(name), measured),
    );
  }
}
