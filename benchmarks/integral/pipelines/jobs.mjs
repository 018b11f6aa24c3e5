// The trainings of the experiment, most important first. Each gives one file of weights (slimmable training one a width) and one
// row of figures; `needs` are the trainings whose weights it starts from.

/** Widths of the models trained one by one and of slimmable training, as shares of the channels. */
export const shares = [1, 0.75, 0.5, 0.25];

const seeds = [0, 1, 2];
const both = ['resnet20', 'nin'];

/** Tier 0: what the headline asks for. 1: the rest of the pipelines. 2: one model at every size. 3: that with more seeds. */
const kinds = [
  ...both.map((network) => ({ tier: 0, network, kind: 'discrete' })),
  ...both.map((network) => ({ tier: 0, network, kind: 'integral', from: 'discrete' })),
  ...both.map((network) => ({ tier: 1, network, kind: 'integral', from: 'scratch' })),
  { tier: 2, network: 'resnet20', kind: 'any-size', from: 'scratch' },
  { tier: 2, network: 'resnet20', kind: 'slimmable' },
  ...shares.slice(1).map((share) => ({ tier: 2, network: 'resnet20', kind: 'discrete', share })),
  { tier: 2, network: 'resnet20', kind: 'any-size', from: 'discrete' },
];

/** A training's name, which is also that of its files. */
export function jobName({ network, kind, from, share, seed }) {
  const narrower = share !== undefined && share < 1 && `width-${100 * share}`;
  return [network, kind, from && `from-${from}`, narrower, `seed-${seed}`]
    .filter(Boolean)
    .join('.');
}

/** The id of the unit that makes a file of weights. */
export const trainingOf = (file) => `weights/${file.replace(/(\.seed-\d+)\.width-\d+$/, '$1')}`;

/** All trainings, in the order in which they should be run: sizes with further seeds come last. */
export function jobList() {
  const all = kinds.flatMap((each) =>
    seeds.map((seed) => {
      const job = { ...each, seed, tier: each.tier === 2 && seed > 0 ? 3 : each.tier };
      const name = jobName(job);
      const start = jobName({ network: each.network, kind: 'discrete', seed });
      const needs = each.from === 'discrete' ? [trainingOf(start)] : [];
      return { ...job, name, id: trainingOf(name), needs };
    }),
  );
  return all.sort((a, b) => a.tier - b.tier);
}
