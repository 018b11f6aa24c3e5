/** The one value that all of a vector has, or null; -0 is none, JSON does not tell it from 0. */
export function constantOf(values: ArrayLike<number>, shape: readonly number[]): number | null {
  const first = values[0];
  if (first === undefined || shape.length !== 1 || values.length < 2) return null;
  if (!Number.isFinite(first) || Object.is(first, -0)) return null;
  for (let i = 1; i < values.length; i++) if (values[i] !== first) return null;
  return first;
}
