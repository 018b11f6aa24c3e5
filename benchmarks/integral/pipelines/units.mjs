// What is measured of the trained networks: one unit a row, most important first.
import { jobName, shares, trainingOf } from './jobs.mjs';

/** Leagues: only the end of the network is cut, or the same share of every group. */
const leagues = ['late', 'uniform'];

/** Shares of all parameters that are removed. */
const compressions = [0.4, 0.2, 0.3, 0.1, 0.5];

const networkNames = ['resnet20', 'nin'];
const orders = ['tsp', 'identity', 'random'];

const job = (network, kind, seed, from) => jobName({ network, kind, seed, ...(from && { from }) });

/** Pipelines B (by order of the channels), C, and A from both starts. */
function parts(network, seed) {
  const discrete = job(network, 'discrete', seed);
  return [
    ...orders.slice(0, 2).map((order) => ({ pipeline: 'B', order, weights: [discrete] })),
    { pipeline: 'C', weights: [discrete] },
    ...['discrete', 'scratch'].map((from) => ({
      ...{ pipeline: 'A', from },
      weights: [job(network, 'integral', seed, from)],
    })),
    { pipeline: 'B', order: orders[2], weights: [discrete] },
    ...orders.slice(0, 2).map((order) => ({ pipeline: 'B+norms', order, weights: [discrete] })),
  ];
}

const name = ({ pipeline, order, from }) => [pipeline, order, from].filter(Boolean).join('-');

/** One set of weights at every size, and what stands beside it. */
function contenders(seed) {
  const alone = shares.map((share) =>
    jobName({ network: 'resnet20', kind: 'discrete', seed, ...(share < 1 && { share }) }),
  );
  const slimmable = job('resnet20', 'slimmable', seed);
  return [
    { contender: 'trained one by one', weights: alone },
    { contender: 'slimmable', weights: shares.map((share) => `${slimmable}.width-${100 * share}`) },
    {
      contender: 'integral from scratch',
      weights: [job('resnet20', 'any-size', seed, 'scratch')],
    },
    {
      contender: 'integral from discrete',
      weights: [job('resnet20', 'any-size', seed, 'discrete')],
    },
  ];
}

/**
 * All units, in the order in which they should be measured; `weights` are the files a unit reads.
 *
 * @param jobs the trainings there are; what needs others is left out
 */
export function unitList(jobs) {
  const seeds = [...new Set(jobs.map(({ seed }) => seed))];
  const trained = new Set(jobs.map(({ id }) => id));
  const each = (make) =>
    networkNames.flatMap((network) => seeds.flatMap((seed) => make(network, seed)));
  const whole = each((network, seed) =>
    parts(network, seed)
      .filter(({ pipeline }) => !pipeline.startsWith('B'))
      .map((part) => ({
        id: `${network}.whole.${part.pipeline === 'C' ? 'discrete' : name(part)}.seed-${seed}`,
        ...{ ...part, network, seed, pipeline: part.pipeline === 'C' ? 'discrete' : 'A' },
        ...{ league: 'whole', compression: 0 },
      })),
  );
  const sizes = seeds.flatMap((seed) =>
    contenders(seed).map((contender) => ({
      id: `resnet20.sizes.${contender.contender.replaceAll(' ', '-')}.seed-${seed}`,
      ...{ ...contender, pipeline: 'sizes', network: 'resnet20', seed },
    })),
  );
  const cut = compressions.map((compression) =>
    leagues.flatMap((league) =>
      each((network, seed) =>
        parts(network, seed).map((part) => ({
          id: `${network}.${league}.${100 * compression}.${name(part)}.seed-${seed}`,
          ...{ ...part, network, seed, league, compression },
        })),
      ),
    ),
  );
  return [...whole, ...cut[0], ...sizes, ...cut.slice(1).flat()]
    .map((unit) => {
      const needs = [...new Set(unit.weights.map(trainingOf))];
      return { ...unit, id: `rows/${unit.id}`, type: 'measure', needs };
    })
    .filter(({ needs }) => needs.every((id) => trained.has(id)));
}
