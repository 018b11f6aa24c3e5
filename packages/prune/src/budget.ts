import type { Costs } from '@pleat/channels';

/** What a share is a share of. */
export type Resource = 'parameters' | 'multiplyAdds';

/** Groups that keep equal sizes: one decision. */
export interface Unit {
  ids: string[];
  size: number;
}

/** Sizes by group id. */
export type SizesById = Record<string, number>;

function sizesOf(units: readonly Unit[], sizes: readonly number[]): SizesById {
  return Object.fromEntries(
    units.flatMap(({ ids }, u) => ids.map((id) => [id, sizes[u] as number])),
  );
}

/**
 * Finds sizes whose costs come as near to a budget as they can: the same share of every unit, then one channel more or
 * less where that brings them nearer.
 *
 * @returns Sizes such that no single channel more or less gets nearer to the budget.
 */
export function fitBudget(
  units: readonly Unit[],
  cost: (sizes: SizesById) => number,
  budget: number,
): { sizes: SizesById; cost: number } {
  const scaled = (keep: number) =>
    units.map(({ size }) => Math.min(size, Math.max(1, Math.round(size * keep))));
  const at = (sizes: readonly number[]) => cost(sizesOf(units, sizes));
  let low = 0;
  let high = 1;
  // Sizes change at no more than the sum of all sizes of shares; 2^-24 is finer than any two of them that matter.
  for (let step = 0; step < 24; step++) {
    const middle = (low + high) / 2;
    if (`${scaled(middle)}` === `${scaled(low)}`) low = middle;
    else if (`${scaled(middle)}` === `${scaled(high)}`) high = middle;
    else if (at(scaled(middle)) <= budget) low = middle;
    else high = middle;
  }
  let best = scaled(low);
  let found = at(best);
  const above = scaled(high);
  const foundAbove = at(above);
  if (Math.abs(foundAbove - budget) < Math.abs(found - budget)) {
    best = above;
    found = foundAbove;
  }
  for (let improved = true; improved && found !== budget; ) {
    improved = false;
    const step = found > budget ? -1 : 1;
    const [from, start] = [best, found];
    from.forEach((size, u) => {
      if (size + step < 1 || size + step > (units[u] as Unit).size) return;
      const sizes = from.map((other, i) => (i === u ? other + step : other));
      const next = at(sizes);
      if (Math.abs(next - budget) >= Math.abs(found - budget)) return;
      best = sizes;
      found = next;
      improved = true;
    });
    if (Math.abs(found - budget) >= Math.abs(start - budget)) break;
  }
  return { sizes: sizesOf(units, best), cost: found };
}

/** A model's costs in one resource. */
export function costIn(resource: Resource, costs: Costs): number {
  const found = costs[resource];
  if (found !== null) return found;
  const unknown = costs.layers.filter((layer) => layer.multiplyAdds === null);
  throw new Error(
    `pruneChannels: the multiply-adds of ${unknown.map(({ layer }) => `'${layer}'`).join(', ')} cannot be told; ` +
      "count 'parameters' instead.",
  );
}
