// What is a training step spent on: convolutions, matrix products, norms, or what is not libtorch at all? Beside PyTorch's own step.
// usage: node benchmarks/engine/profile.mjs [--model NAME]... [--form dense|masked] [--rounds N] [--threads N]
// Ours by `profileTorch`, PyTorch's by torch.profiler (each op without those it calls). Both make a step a little slower.
// The processes take turns; rows are medians of milliseconds over rounds, kind by kind.
import { parseArgs } from 'node:util';
import { median, report } from '../lib/measure.mjs';
import { cases, forms, keep, learningRate } from './contenders/cases.mjs';
import { enter, onLibtorch } from './contenders/child.mjs';

const { values } = parseArgs({
  options: {
    model: { type: 'string', multiple: true, default: Object.keys(cases) },
    form: { type: 'string', default: forms[0] },
    rounds: { type: 'string', default: '7' },
    threads: { type: 'string', default: '2' },
  },
});

/** Kind -> names of ops, the first that fits; `outside` is what no op took. */
const kinds = {
  convolutions: /conv/i,
  attention: /attention/i,
  'matrix products': /(^|[:_])(b?mm|addmm|addbmm|baddbmm|matmul|linear)(_|$)/i,
  norms: /norm/i,
  activations: /gelu|relu|softmax/i,
  updates: /adam|foreach/i,
  copies: /copy|clone|contiguous|permute|transpose|cat$|fill|zero/i,
  others: /./,
};

function byKind({ ms, calls }) {
  const sums = Object.fromEntries(Object.keys(kinds).map((kind) => [kind, 0]));
  for (const { name, ms } of calls) {
    sums[Object.keys(kinds).find((kind) => kinds[kind].test(name))] += ms;
  }
  const inside = Object.values(sums).reduce((a, b) => a + b, 0);
  return { 'ms a step': ms, ...sums, outside: Math.max(0, ms - inside) };
}

async function profile(model) {
  const threads = Number(values.threads);
  const common = { case: cases[model], form: values.form, threads, device: 'cpu', profile: true };
  const options = { ...common, rehearsals: 150, keep, learningRate };
  const { entered, absent } = await enter(onLibtorch, options);
  for (const { contender, note } of absent) console.log(`${contender} is ${note}`);
  for (const one of entered) one.taken = [];
  for (let round = -2; round < Number(values.rounds); round++) {
    for (const { child, taken } of entered) {
      const step = byKind(await child.step());
      if (round >= 0) taken.push(step);
    }
  }
  for (const { child } of entered) child.stop();
  return entered.map(({ contender, child, taken }) => ({
    contender,
    ...Object.fromEntries(
      Object.keys(taken[0]).map((kind) => [
        kind,
        +median(taken.map((step) => step[kind])).toFixed(1),
      ]),
    ),
    note: child.ready,
  }));
}

for (const model of values.model) {
  report(
    `engine-profile-${model}`,
    `Milliseconds of a ${values.form} training step of ${model} (batch ${cases[model].batch}, ${values.threads} threads) by kind of op`,
    await profile(model),
  );
}
