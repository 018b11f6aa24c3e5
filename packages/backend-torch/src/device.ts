/** Where tensors live, by name: the processor, or a GPU by its number. */
export type DeviceName = 'cpu' | `cuda:${number}`;

/** A device as libtorch's calls take it. */
export interface Device {
  name: DeviceName;
  cuda: boolean;
  /** Which of several; 0 for the processor. */
  index: number;
}

/** How convolutions and matrix products are computed; their tensors are float32 at all times. */
export type Precision = 'float32' | 'tf32' | 'bfloat16';
/**
 * Whether the same program gives the same bits every time: `true` refuses ops that cannot, `'prefer'` takes the repeatable
 * forms of those that can and runs the others as they are.
 */
export type Deterministic = boolean | 'prefer';

/** Throws unless a choice of determinism is one of the three. */
export function requireDeterministic(choice: unknown): asserts choice is Deterministic {
  if (typeof choice === 'boolean' || choice === 'prefer') return;
  throw new Error(
    `registerTorch: expected deterministic to be true, false or 'prefer', got ${JSON.stringify(choice)}; false is the default.`,
  );
}

const precisions: readonly string[] = ['float32', 'tf32', 'bfloat16'];

/**
 * Reads the name of a device.
 *
 * @param name - 'cpu', 'cuda' for the first GPU, or 'cuda:N'.
 * @throws Error for any other name.
 */
export function parseDevice(name: string): Device {
  const index = /^cuda(?::(\d{1,2}))?$/.exec(name);
  if (index) {
    const number = Number(index[1] ?? 0);
    return { name: `cuda:${number}`, cuda: true, index: number };
  }
  if (name === 'cpu') return { name, cuda: false, index: 0 };
  throw new Error(
    `registerTorch: expected device to be 'cpu', 'cuda' or 'cuda:N', got '${name}'; 'cuda:0' is the first GPU.`,
  );
}

/** Throws unless a precision is one of the three. */
export function requirePrecision(precision: string): asserts precision is Precision {
  if (precisions.includes(precision)) return;
  throw new Error(
    `registerTorch: expected precision to be ${precisions.join(', ')}, got '${precision}'; 'float32' is exact.`,
  );
}
