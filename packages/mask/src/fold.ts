/** A kernel as a folding rule sees it. */
export interface FoldedKernel {
  /** Path of its layer; models in models are joined by `/`. */
  layer: string;
  /** Its name within the layer. */
  weight: string;
  shape: readonly number[];
}

/**
 * Which kernels share one prototype and one mask: a number n folds each run of n kernels of equal shape, in the order of the
 * network; a function gives kernels of equal key to each other (null: to nobody).
 */
export type Fold = number | ((kernel: FoldedKernel) => string | null);

/**
 * The index of the kernel that each one is folded into, or undefined where it has a mask of its own.
 * @throws RangeError When the rule is none, or folds kernels of different shapes.
 */
export function foldOwners(kernels: readonly FoldedKernel[], fold: Fold): (number | undefined)[] {
  if (typeof fold === 'number' && !(Number.isSafeInteger(fold) && fold >= 1)) {
    throw new RangeError(`maskModel: fold must be a function or an integer >= 1, got ${fold}.`);
  }
  const seen = new Map<string, number>();
  const keyOf = (kernel: FoldedKernel): string | null => {
    if (typeof fold === 'function') return fold(kernel);
    const shape = `${kernel.shape}`;
    const before = seen.get(shape) ?? 0;
    seen.set(shape, before + 1);
    return `${shape}/${Math.floor(before / fold)}`;
  };
  const owners = new Map<string, number>();
  return kernels.map((kernel, i) => {
    const key = keyOf(kernel);
    const owner = key === null ? undefined : owners.get(key);
    if (key !== null && owner === undefined) owners.set(key, i);
    const first = owner === undefined ? undefined : kernels[owner];
    if (first !== undefined && `${first.shape}` !== `${kernel.shape}`) {
      throw new RangeError(
        `maskModel: fold puts '${kernel.layer}' [${kernel.shape}] and '${first.layer}' [${first.shape}] together; ` +
          'kernels that share a mask have one shape.',
      );
    }
    return owner;
  });
}
