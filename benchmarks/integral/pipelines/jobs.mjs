// The trainings of the experiment, most important first. Each gives one file of weights (slimmable training one a width) and one
// row of figures; `needs` is the job whose weights it starts from.

/** Widths of the models trained one by one and of slimmable training, as shares of the channels. */
export const shares = [1, 0.75, 0.5, 0.25];

const kinds = [
  { network: 'resnet20', kind: 'discrete' },
  { network: 'nin', kind: 'discrete' },
  { network: 'resnet20', kind: 'integral', from: 'discrete' },
  { network: 'nin', kind: 'integral', from: 'discrete' },
  { network: 'resnet20', kind: 'any-size' },
  { network: 'resnet20', kind: 'slimmable' },
  ...shares.slice(1).map((share) => ({ network: 'resnet20', kind: 'discrete', share })),
  { network: 'resnet20', kind: 'integral', from: 'scratch' },
  { network: 'nin', kind: 'integral', from: 'scratch' },
  { network: 'resnet20', kind: 'any-size', from: 'discrete' },
];

/** A job's name, which is also that of its files. */
export function jobId({ network, kind, from, share, seed }) {
  const parts = [network, kind, from && `from-${from}`, share && `width-${100 * share}`];
  return [...parts.filter(Boolean), `seed-${seed}`].join('.');
}

/** All jobs of some seeds, in the order in which they should be run. */
export function jobList(seeds) {
  return kinds.flatMap((each) =>
    seeds.map((seed) => {
      const job = { ...each, seed };
      const needs =
        each.from === 'discrete' ? jobId({ network: each.network, kind: 'discrete', seed }) : null;
      return { ...job, id: jobId(job), needs };
    }),
  );
}
