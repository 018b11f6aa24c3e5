/** A number option in (low, high], or its default when absent. */
export function share(learner: string, name: string, value: unknown, fallback: number): number {
  const share = value ?? fallback;
  if (typeof share !== 'number' || !(share > 0 && share <= 1)) {
    throw new RangeError(`Learner '${learner}': ${name} must be in (0, 1], got ${String(share)}.`);
  }
  return share;
}

/** A positive, finite number option. */
export function positive(learner: string, name: string, value: unknown): number {
  if (typeof value !== 'number' || !(value > 0 && Number.isFinite(value))) {
    throw new RangeError(
      `Learner '${learner}': ${name} must be a positive number, got ${String(value)}.`,
    );
  }
  return value;
}

/** One of a few words, or the default when absent. */
export function oneOf<Word extends string>(
  learner: string,
  name: string,
  value: unknown,
  words: readonly Word[],
  fallback: Word,
): Word {
  const word = (value ?? fallback) as Word;
  if (!words.includes(word)) {
    throw new RangeError(
      `Learner '${learner}': ${name} must be one of ${words.join(', ')}, got ${String(word)}.`,
    );
  }
  return word;
}
