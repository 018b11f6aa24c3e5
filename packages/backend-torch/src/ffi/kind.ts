/** What an argument of an op is. */
export interface Kind {
  /** As the table of signatures writes it. */
  text: string;
  /** T tensor, I integer, F float, B bool, S text, N nothing. */
  item: string;
  list: boolean;
  /** Whether it may be null. */
  optional: boolean;
  /** Whether items of the list may. */
  holes: boolean;
}

/** Reads a kind of the table: a letter, then `[]` for a list and `?` for an optional one. */
export function kindOf(text: string): Kind {
  const list = text.includes('[]');
  return {
    text,
    item: text[0]!,
    list,
    optional: text.length > 1 && text.endsWith('?'),
    holes: list && text[1] === '?',
  };
}

/** Says whether a value may be encoded as a kind: a wrong one would corrupt memory. */
export function fits(kind: Kind, value: unknown): boolean {
  if (value === null) return kind.optional;
  if (!kind.list) return suits(kind.item, value);
  if (!Array.isArray(value)) return false;
  for (let i = 0; i < value.length; i++) {
    const one: unknown = value[i];
    if (!(one === null ? kind.holes : suits(kind.item, one))) return false;
  }
  return true;
}

function suits(item: string, value: unknown): boolean {
  switch (item) {
    case 'T':
      // A handle is an address: never small, never a fraction.
      return Number.isSafeInteger(value) && (value as number) > 4096;
    case 'I':
      return Number.isSafeInteger(value);
    case 'F':
      return typeof value === 'number';
    case 'B':
      return typeof value === 'boolean';
    case 'S':
      return typeof value === 'string';
    default:
      return false;
  }
}
