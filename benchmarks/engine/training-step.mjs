// How long does a full training step take (forward, backward, AdamW, loss read), beside PyTorch's own?
// usage: node benchmarks/engine/training-step.mjs [--model NAME]... [--form dense|masked]... [--contender NAME]...
//        [--rounds N] [--seconds N] [--warmup N] [--rehearsals N] [--calm SHARE] [--threads N] [--batch N]
//        [--device cpu|cuda]
// A step counts when all other processes together took at most a share --calm of the processors meanwhile (Linux). Contenders of all
// forms take turns until each has --rounds such steps or --seconds are over; one that has too few by then gets its calmest ones.
// Contenders in Node train --rehearsals steps of a single image before, so that V8 has compiled what runs: a training has
// thousands of steps. PyTorch runs compiled code from the first step on.
// Runs may be split by form and by contender: rows that a run does not measure stay in the results. Ratios are to the baseline and
// to the dense steps of the same run, so let them take part in each.
// PLEAT_PYTHON names the Python whose torch is the peer. Contenders a machine does not have are listed as absent.
import { existsSync, readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { median, report } from '../lib/measure.mjs';
import { beside } from '../lib/others.mjs';
import { cases, forms, keep, learningRate } from './contenders/cases.mjs';
import { baseline, contenders, enter } from './contenders/child.mjs';

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

/** Starts the contenders that this machine has, one for each form. */
async function enterAll(options) {
  const [entered, absent] = [[], []];
  for (const form of values.form) {
    const found = await enter(values.contender, { ...options, form });
    entered.push(...found.entered.map((one) => ({ form, ...one, taken: [] })));
    absent.push(...found.absent.map((one) => ({ form, ...one })));
  }
  return { entered, absent };
}

const isCalm = ({ share }) => share <= Number(values.calm);
/** Those that are calm are alike: which of them count must not depend on their times. */
const calmFirst = (a, b) => (isCalm(a) && isCalm(b) ? 0 : a.share - b.share);

/** The steps that count: all calm ones, or the calmest where there are too few. */
function counted({ taken }, rounds) {
  const calm = taken.filter(isCalm).length;
  return taken.toSorted(calmFirst).slice(0, Math.max(rounds, calm));
}

async function compare(model, batch) {
  const one = { ...cases[model], batch };
  const threads = Number(values.threads);
  const common = { case: one, threads, device: values.device, keep, learningRate };
  const rehearsals = Number(values.rehearsals);
  const { entered, absent } = await enterAll({ ...common, rehearsals });
  const rounds = Number(values.rounds);
  const enough = () => entered.every(({ taken }) => taken.filter(isCalm).length >= rounds);
  const end = performance.now() + 1000 * Number(values.seconds);
  for (let round = -Number(values.warmup); ; round++) {
    if (round >= rounds && (enough() || performance.now() > end)) break;
    for (const { child, taken } of entered) {
      // Each child times its own steps: the way there and back is not part of them.
      const { result, share } = await beside(child.pid, child.step);
      if (round >= 0) taken.push({ ...result, share });
    }
  }
  for (const { child } of entered) child.stop();
  const middle = (form, contender) => {
    const found = entered.find((other) => other.form === form && other.contender === contender);
    return found && median(counted(found, rounds).map(({ ms }) => ms));
  };
  const times = (numerator, denominator) =>
    numerator && denominator ? +(numerator / denominator).toFixed(2) : '';
  const ran = entered.map((entry) => {
    const { form, contender, child, taken } = entry;
    const steps = counted(entry, rounds);
    const all = steps.map(({ ms }) => ms);
    const ms = median(all);
    return {
      form,
      contender,
      'ms a step': +ms.toFixed(2),
      fastest: +Math.min(...all).toFixed(2),
      slowest: +Math.max(...all).toFixed(2),
      steps: all.length,
      'others took %': +(100 * median(steps.map(({ share }) => share))).toFixed(1),
      'times as fast as channels_last': times(middle(form, baseline), ms),
      'times a dense step': form === 'dense' ? '' : times(ms, middle('dense', contender)),
      'images/s': Math.round((batch / ms) * 1000),
      'peak MB': Math.round(Math.max(...taken.map(({ peakMb }) => peakMb))),
      'trained parameters': child.trained,
      note: child.ready,
    };
  });
  return [...ran, ...absent];
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
  const measured = await compare(model, batch);
  report(
    name,
    `How long does a training step of ${model} take (batch ${batch}, ${onCpu ? `${values.threads} threads` : values.device})?`,
    merged(earlier(name), measured),
  );
}
