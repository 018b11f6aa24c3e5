/** Refuses a count that is no whole number of at least `least`. */
export function requireCount(who: string, what: string, value: unknown, least = 1): number {
  if (Number.isSafeInteger(value) && (value as number) >= least) return value as number;
  throw new RangeError(
    `${who}: ${what} must be a whole number of at least ${least}, got ${String(value)}.`,
  );
}

/** Refuses a name that is not in a list. */
export function requireName<Name extends string>(
  who: string,
  what: string,
  value: unknown,
  names: readonly Name[],
): Name {
  if (names.includes(value as Name)) return value as Name;
  throw new RangeError(`${who}: ${what} must be one of ${names.join(', ')}, got ${String(value)}.`);
}

/** Refuses option names nobody reads, which are most often misspelt ones. */
export function onlyOptions(who: string, given: object, known: readonly string[]): void {
  for (const name of Object.keys(given)) {
    if (!known.includes(name)) {
      throw new RangeError(`${who}: unknown option '${name}'; it has ${known.join(', ')}.`);
    }
  }
}

/** Refuses nodes that do not ascend within [0, 1]. */
export function requireNodes(who: string, nodes: ArrayLike<number>): void {
  if (nodes.length === 0) throw new RangeError(`${who}: expected at least one node, got none.`);
  for (let i = 0; i < nodes.length; i++) {
    const node = nodes[i]!;
    const ascends = i === 0 || node > nodes[i - 1]!;
    if (!(node >= 0 && node <= 1) || !ascends) {
      throw new RangeError(
        `${who}: nodes must ascend strictly within [0, 1]; node ${i} is ${node}${i > 0 ? ` after ${nodes[i - 1]}` : ''}.`,
      );
    }
  }
}
