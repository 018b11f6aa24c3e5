// How many epochs fit into a given time, judged by the images a second of trial runs on the same machine.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

const trainingImages = 35000;

/** Images a second of jobs of a kind, in the trial or estimated from the kinds that were in it. */
function rateOf(job, rows) {
  const mean = (list) =>
    list.reduce((sum, { imagesPerSecond }) => sum + imagesPerSecond, 0) / list.length;
  const like = (wanted) =>
    rows.filter((row) =>
      Object.entries(wanted).every(([key, value]) => (row[key] ?? null) === (value ?? null)),
    );
  const { network, kind, share } = job;
  const exact = like({ network, kind, share });
  if (exact.length > 0) return mean(exact);
  const plain = like({ network, kind: 'discrete', share: undefined });
  if (plain.length === 0) {
    throw new Error(`The trial has no run of ${network}.discrete; give it more time or jobs.`);
  }
  // Sampling the weights costs about as much as half a step; narrower networks are bound by dispatch, not by arithmetic.
  return mean(plain) / (kind === 'integral' ? 1.6 : 1);
}

/**
 * @param folder of a trial run, whose results.jsonl is read
 * @param jobs what is to be trained
 * @param slots processes at a time
 * @param seconds for all of it
 * @returns whole epochs, at least 1
 */
export function epochsWithin(folder, jobs, slots, seconds) {
  const lines = readFileSync(join(folder, 'results.jsonl'), 'utf8').trim().split('\n');
  const rows = lines.map((line) => JSON.parse(line));
  const perEpoch = jobs.reduce((sum, job) => sum + trainingImages / rateOf(job, rows), 0);
  return Math.max(1, Math.floor((0.9 * slots * seconds) / perEpoch));
}
