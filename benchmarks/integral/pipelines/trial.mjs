// How many epochs fit into a given time, judged by trials of a few seconds on the same machine, as many at once as later.

import { train } from './loop.mjs';
import { makeTask } from './work.mjs';

const seconds = 8;

/** Trials: the kinds of training in turn, one a process. */
export function trialUnits(jobs, processes) {
  const kinds = jobs.filter(({ seed, needs }) => seed === jobs[0].seed && needs.length === 0);
  return Array.from({ length: processes }, (_, i) => {
    const job = kinds[i % kinds.length];
    return { ...job, id: `trials/${i}.${job.name}`, type: 'trial' };
  });
}

/** Trains for some seconds and throws the result away; the first steps, which prepare kernels, do not count. */
export async function runTrial(unit, context) {
  const { images, batch } = context;
  const { task } = await makeTask(unit, context);
  const end = performance.now() + 1000 * seconds;
  const marks = [];
  const options = { epochs: 100, batch, seed: 0, stopped: () => performance.now() > end };
  const onSteps = (count) => marks.push([performance.now(), count]);
  await train(task, images, { ...options, onSteps });
  const [[start, first], ...others] = marks;
  const counted = others.reduce((sum, [, count]) => sum + count, 0);
  const lasted = ((others.at(-1)?.[0] ?? start) - start) / 1000;
  const rate = others.length > 0 ? counted / lasted : first / seconds;
  return { ...unit, imagesPerSecond: Math.ceil(rate) };
}

const mean = (list) => list.reduce((sum, value) => sum + value, 0) / list.length;

/** Images a second of a job, of its kind in the trials or estimated by the plain network. */
function rateOf({ network, kind, share }, trials) {
  const of = (wanted) =>
    trials
      .filter((row) => row.network === network && row.kind === wanted && row.share === share)
      .map(({ imagesPerSecond }) => imagesPerSecond);
  if (of(kind).length > 0) return mean(of(kind));
  const plain = trials.filter((row) => row.network === network && row.kind === 'discrete');
  const known = (plain.length > 0 ? plain : trials).map(({ imagesPerSecond }) => imagesPerSecond);
  // What sampling the weights, and several widths a step, cost about.
  const factor = { integral: 1.6, 'any-size': 5, slimmable: 3.5 }[kind] ?? 1;
  return mean(known) / factor;
}

/**
 * @param trials rows of `runTrial`
 * @param jobs what is to be trained within the time
 * @returns whole epochs, at least 1 and at most 30
 */
export function epochsWithin(trials, jobs, { processes, time, trainingImages }) {
  const perEpoch = jobs.reduce((sum, job) => sum + trainingImages / rateOf(job, trials), 0);
  return Math.max(1, Math.min(30, Math.floor((processes * time) / perEpoch)));
}
