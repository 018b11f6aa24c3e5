// Compares a backend's specs with the baseline's.

/**
 * Numbers specs that share a name, so that each can be looked up.
 *
 * @param {{ name: string, status: string, message?: string }[]} specs
 * @returns {Map<string, { status: string, message?: string }>}
 */
function byKey(specs) {
  const seen = new Map();
  return new Map(
    specs.map((spec) => {
      const nth = (seen.get(spec.name) ?? 0) + 1;
      seen.set(spec.name, nth);
      return [nth === 1 ? spec.name : `${spec.name} (${nth})`, spec];
    }),
  );
}

/** Whether an entry of an ignore list speaks of this failure. */
function covers(entry, name, message) {
  if (entry.name === undefined && entry.message === undefined) return false;
  if (entry.name !== undefined && !new RegExp(entry.name).test(name)) return false;
  return entry.message === undefined || new RegExp(entry.message).test(message);
}

/**
 * Judges every spec that passes on the baseline.
 *
 * @param baseline Specs of the baseline, in any order.
 * @param specs Specs of the backend, in any order; one that is absent did not run.
 * @param {{ name?: string, message?: string, reason: string }[]} ignore Regular expressions on a spec's name and its failure.
 * @returns `passed`: names; `failed`: { name, message }; `skipped`: { name, message, reason }; `unused`: entries that covered nothing.
 */
export function judge(baseline, specs, ignore) {
  const found = byKey(specs);
  const used = new Set();
  const passed = [];
  const failed = [];
  const skipped = [];
  for (const [name, { status }] of byKey(baseline)) {
    if (status !== 'passed') continue;
    const spec = found.get(name);
    if (spec?.status === 'passed') {
      passed.push(name);
      continue;
    }
    const message = spec ? (spec.message ?? spec.status) : 'did not run';
    const entry = ignore.find((candidate) => covers(candidate, name, message));
    if (entry) {
      used.add(entry);
      skipped.push({ name, message, reason: entry.reason });
    } else failed.push({ name, message });
  }
  return { passed, failed, skipped, unused: ignore.filter((entry) => !used.has(entry)) };
}
