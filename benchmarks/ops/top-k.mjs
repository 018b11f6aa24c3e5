// What does an exact top-k mask cost without sorting, beside sorting the same scores?
import { selectTopK } from '@pleat/ops';
import { alternate, report } from '../lib/measure.mjs';

/** The k-th largest magnitude by the engine's own sort of a typed array, then the mask. */
function bySorting(scores, k) {
  const sorted = scores.map(Math.abs).sort();
  const threshold = sorted[scores.length - k];
  return scores.map((score) => (Math.abs(score) >= threshold ? 1 : 0));
}

const rows = [];
for (const size of [65_536, 1_048_576]) {
  const scores = Float32Array.from({ length: size }, () => Math.random() - 0.5);
  // Enough repetitions that a turn lasts some tens of milliseconds.
  const repeats = Math.ceil(4_000_000 / size);
  const repeated = (select) => () => {
    for (let i = 0; i < repeats; i++) select(scores, size / 2);
  };
  const times = await alternate({
    '@pleat/ops selectTopK': repeated(selectTopK),
    'typed array sort': repeated(bySorting),
  });
  const milliseconds = (name) => times[name].median / repeats;
  const ours = milliseconds('@pleat/ops selectTopK');
  const sorting = milliseconds('typed array sort');
  rows.push({
    scores: size,
    'selectTopK ms': Number(ours.toFixed(3)),
    'sort ms': Number(sorting.toFixed(3)),
    'sort / selectTopK': Number((sorting / ours).toFixed(1)),
    'selectTopK ns a score': Number(((ours * 1e6) / size).toFixed(2)),
  });
}
report('ops-top-k', 'Exact top-k mask at keep 0.5, without sorting and by sorting', rows);
