import * as tf from '@tensorflow/tfjs';

/**
 * The kernels of lists that a backend may register: one call works on many variables at once.
 *
 * Lists come one after another in the order of `lists`, each of `count` tensors; `weightDecay` and `step` (from 1) have an entry for each.
 * Tensors of the lists that come out are consumed: nobody reads them afterwards, and the kernel may write the
 * results over them where nothing else shares their data. A tensor whose data another one shares stays as it is.
 */
export interface ListKernelContract {
  /** Adam; `decoupled` takes the decay off the value itself (AdamW), else it is added to the gradient. */
  PleatFusedAdam: {
    lists: ['value', 'gradient', 'm', 'v'];
    attrs: {
      decoupled: boolean;
      learningRate: number;
      beta1: number;
      beta2: number;
      epsilon: number;
      weightDecay: number[];
      step: number[];
    };
    outputs: ['value', 'm', 'v'];
  };
  /** Momentum from a velocity of zeros; the list is empty where momentum is 0. */
  PleatFusedSgd: {
    lists: ['value', 'gradient', 'velocity'];
    attrs: { learningRate: number; momentum: number; nesterov: boolean; weightDecay: number[] };
    outputs: ['value', 'velocity'];
  };
  /** value + share (target - value), share from 0 to 1: the running statistics of norms. */
  PleatMoveTowards: {
    lists: ['value', 'target'];
    attrs: { share: number };
    outputs: ['value'];
  };
}

/** The name of a kernel of lists. */
export type ListKernelName = keyof ListKernelContract;

type Lists<N extends ListKernelName> = Record<ListKernelContract[N]['lists'][number], tf.Tensor[]>;
type ListEach<Names extends readonly string[]> = { [I in keyof Names]: tf.Tensor[] };

export const PleatFusedAdam = 'PleatFusedAdam';
export const PleatFusedSgd = 'PleatFusedSgd';
export const PleatMoveTowards = 'PleatMoveTowards';

/** The lists of each kernel, in order, and how many of them come out. */
const forms: { [N in ListKernelName]: { lists: ListKernelContract[N]['lists']; outputs: number } } =
  {
    PleatFusedAdam: { lists: ['value', 'gradient', 'm', 'v'], outputs: 3 },
    PleatFusedSgd: { lists: ['value', 'gradient', 'velocity'], outputs: 2 },
    PleatMoveTowards: { lists: ['value', 'target'], outputs: 1 },
  };

/** Every kernel name of the contract of lists. */
export const listKernelNames: readonly ListKernelName[] = [
  PleatFusedAdam,
  PleatFusedSgd,
  PleatMoveTowards,
];

/**
 * Runs a kernel of lists on the current backend.
 *
 * @param name - One for which `hasKernel` is true.
 * @param lists - Lists of equal length by name; see the contract for those it consumes.
 * @param attrs - Its plain values, by name.
 * @returns The lists that come out, in the order of the contract.
 * @throws Error when the lists differ in length, or from tfjs when the backend has no such kernel.
 */
export function runListKernel<N extends ListKernelName>(
  name: N,
  lists: Lists<N>,
  attrs: ListKernelContract[N]['attrs'],
): ListEach<ListKernelContract[N]['outputs']> {
  const ordered = forms[name].lists.map((list) => (lists as Record<string, tf.Tensor[]>)[list]!);
  const count = ordered[0]!.length;
  if (ordered.some(({ length }) => length !== count && length !== 0)) {
    throw new Error(
      `runListKernel: expected lists of equal length for ${name}, got ${ordered.map(({ length }) => length).join(', ')}; give one tensor a variable.`,
    );
  }
  const made = tf
    .engine()
    .runKernel(name, ordered.flat() as unknown as tf.NamedTensorMap, { ...attrs, count }) as
    | tf.Tensor
    | tf.Tensor[];
  const flat = Array.isArray(made) ? made : [made];
  const split = Array.from({ length: forms[name].outputs }, (_, i) =>
    flat.slice(i * count, (i + 1) * count),
  );
  return split as ListEach<ListKernelContract[N]['outputs']>;
}
