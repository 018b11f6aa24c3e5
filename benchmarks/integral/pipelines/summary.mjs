// Means over seeds of what `run.mjs` measured, as rows of tables.

const round = (value) => Number(value.toFixed(2));

/** Mean, and standard deviation where there are several values. */
function spread(values) {
  const mean = values.reduce((a, b) => a + b, 0) / values.length;
  const squares = values.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  const deviation = values.length > 1 ? Math.sqrt(squares / (values.length - 1)) : null;
  return { mean: round(mean), deviation: deviation === null ? null : round(deviation) };
}

const words = ({ mean, deviation }) => (deviation === null ? `${mean}` : `${mean} ± ${deviation}`);

/** Rows by the values of some fields, in the order met. */
function groupBy(rows, fields) {
  const found = new Map();
  for (const row of rows) {
    const key = JSON.stringify(fields.map((field) => row[field] ?? null));
    found.set(key, [...(found.get(key) ?? []), row]);
  }
  return [...found.values()];
}

/** Each accuracy of a row with the name of its variant: `{ a: 1, b: { c: 2 } }` gives `a` and `b, c`. */
function variants(accuracy, path = []) {
  if (typeof accuracy === 'number') return [[path.join(', '), accuracy]];
  return Object.entries(accuracy).flatMap(([name, value]) => variants(value, [...path, name]));
}

/**
 * One entry for every method at every compression: mean and deviation over seeds.
 *
 * @returns `{ network, league, compression, method, variant, mean, deviation, seeds, removed }`
 */
export function summarise(rows) {
  const measured = rows.filter(({ pipeline }) => pipeline !== 'sizes');
  const fields = ['network', 'league', 'compression', 'pipeline', 'order', 'from'];
  return groupBy(measured, fields).flatMap((same) => {
    const [{ network, league, compression, pipeline, order, from, removed = 0 }] = same;
    const method = [pipeline, order, from && `from ${from}`].filter(Boolean).join(' ');
    return variants(same[0].accuracy).map(([variant], i) => ({
      ...{ network, league, compression, method, variant, removed, seeds: same.length },
      ...spread(same.map(({ accuracy }) => variants(accuracy)[i][1])),
    }));
  });
}

const sorted = (rows) => rows.toSorted((a, b) => a.compression - b.compression);

/** A table with one row a network, league and compression, and a column for each of `columns`, which choose an entry. */
export function tableOf(entries, columns) {
  const groups = groupBy(sorted(entries), ['network', 'league', 'compression']).sort(
    ([a], [b]) => b.network.localeCompare(a.network) || a.league.localeCompare(b.league),
  );
  const rows = groups.map((same) => {
    const [{ network, league, removed }] = same;
    const cells = Object.entries(columns).map(([title, choose]) => {
      const entry = choose(same);
      return [title, entry === undefined ? null : words(entry)];
    });
    const discrete = entries.find(
      (entry) => entry.network === network && entry.method === 'discrete',
    );
    const whole = discrete === undefined ? null : words(discrete);
    const counts = same.map((entry) => entry.seeds);
    const [least, most] = [Math.min(...counts), Math.max(...counts)];
    const range = least === most ? `${least}` : `${least} to ${most}`;
    return {
      network,
      league,
      'removed %': removed,
      seeds: range,
      whole,
      ...Object.fromEntries(cells),
    };
  });
  // What was not measured at all has no column, and where nothing was there is no row.
  const measured = rows.filter((row) => Object.keys(columns).some((title) => row[title] !== null));
  const known = (title) => measured.some((row) => row[title] !== null);
  return measured.map((row) =>
    Object.fromEntries(Object.entries(row).filter(([title]) => known(title))),
  );
}

/** Chooses the entry of a method and variant. */
export const pick = (method, variant) => (entries) =>
  entries.find((entry) => entry.method === method && entry.variant === variant);

/** The best of pipeline C, whichever criterion it is of: chosen in hindsight, in favour of the baseline. */
export const bestOfC = (variant) => (entries) =>
  entries
    .filter((entry) => entry.method === 'C' && entry.variant.startsWith(`${variant}, `))
    .sort((a, b) => b.mean - a.mean)[0];

/** One model at every size: a row a share of the channels, a column a contender. */
export function sizesTable(rows) {
  const measured = rows.filter(({ pipeline }) => pipeline === 'sizes');
  const flat = measured.flatMap(({ contender, rows: own }) =>
    own.flatMap(({ share, parameters, accuracy }) =>
      variants(accuracy).map(([variant, value]) => ({
        ...{ share, parameters, value },
        title: variant === 'as trained' ? contender : `${contender}, ${variant}`,
      })),
    ),
  );
  return groupBy(flat, ['share']).map((same) => ({
    'channels %': 100 * same[0].share,
    parameters: same[0].parameters,
    ...Object.fromEntries(
      groupBy(same, ['title']).map((cell) => [
        cell[0].title,
        words(spread(cell.map(({ value }) => value))),
      ]),
    ),
  }));
}
