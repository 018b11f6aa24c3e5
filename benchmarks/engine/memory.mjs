// How much memory does training take, beside PyTorch's own, and does it stay?
// usage: node benchmarks/engine/memory.mjs [--model NAME]... [--contender NAME]... [--steps N] [--threads N]
// The processes take turns, a step each; what the kernel says of each (VmRSS, and VmHWM for the peak) is read after its step.
// Node's and Python's own memory, the libraries and all, are part of it. Both are asked every 50 steps to collect garbage: V8's own heap
// goes up and down between 37 and 62 MB where it is not, a twentieth of such a process. PLEAT_PYTHON names the Python whose torch is the peer.
import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { median, report } from '../lib/measure.mjs';
import { cases, keep, learningRate } from './contenders/cases.mjs';
import { baseline, enter, onLibtorch } from './contenders/child.mjs';

const { values } = parseArgs({
  options: {
    model: { type: 'string', multiple: true, default: ['convmixer-64-4', 'resnet-20'] },
    contender: { type: 'string', multiple: true, default: onLibtorch },
    steps: { type: 'string', default: '1000' },
    threads: { type: 'string', default: '2' },
  },
});
const steps = Number(values.steps);
const settled = 200;
// What is held at that step: the median of so many steps up to it. Memory that was just given back is soon taken again.
const around = 10;
if (!(steps > settled)) {
  console.error(
    `--steps ${values.steps}: give more than ${settled}, from where on memory is compared.`,
  );
  process.exit(2);
}

const percent = (ratio) => `${ratio < 1 ? '' : '+'}${(100 * ratio - 100).toFixed(1)}`;

/** A field of /proc/PID/status in MB. */
function megabytes(pid, field) {
  const line = readFileSync(`/proc/${pid}/status`, 'utf8').match(
    new RegExp(`^${field}:\\s+(\\d+)`, 'm'),
  );
  return Number(line[1]) / 1024;
}

async function compare(model) {
  const common = {
    case: cases[model],
    form: 'dense',
    threads: Number(values.threads),
    device: 'cpu',
    collectEvery: 50,
  };
  const { entered, absent } = await enter(values.contender, { ...common, keep, learningRate });
  for (const { contender, note } of absent) console.log(`${contender} is ${note}`);
  for (const one of entered) one.resident = [];
  for (let step = 1; step <= steps; step++) {
    for (const { child, resident } of entered) {
      await child.step();
      resident.push(megabytes(child.pid, 'VmRSS'));
    }
  }
  const measured = entered.map(({ contender: name, child, resident }) => {
    const late = resident.slice(settled);
    return {
      name,
      start: median(resident.slice(settled - around, settled)),
      median: median(late),
      most: Math.max(...late),
      least: Math.min(...late),
      peak: megabytes(child.pid, 'VmHWM'),
      note: child.ready,
    };
  });
  for (const { child } of entered) child.stop();
  const peer = measured.find(({ name }) => name === baseline);
  return measured.map(({ name, start, median, most, least, peak, note }) => ({
    model,
    batch: cases[model].batch,
    contender: name,
    steps,
    [`resident MB at step ${settled}`]: Math.round(start),
    'median after it': Math.round(median),
    'most after it, %': +((100 * most) / start - 100).toFixed(1),
    'most and least, % of that median': `${percent(most / median)}, ${percent(least / median)}`,
    'peak MB': Math.round(peak),
    'times channels_last, resident': peer ? +(median / peer.median).toFixed(2) : '',
    'times channels_last, peak': peer ? +(peak / peer.peak).toFixed(2) : '',
    note,
  }));
}

for (const model of values.model) {
  report(
    `engine-memory-${model}`,
    `How much memory does training ${model} take (${values.threads} ${values.threads === '1' ? 'thread' : 'threads'})?`,
    await compare(model),
  );
}
