/** Fan-in of a weight of this shape: how many inputs one output sums over. */
type FanIn = (shape: readonly number[]) => number;

const product = (shape: readonly number[]): number => shape.reduce((a, b) => a * b, 1);
const allButLast: FanIn = (shape) => product(shape.slice(0, -1));
const window: FanIn = (shape) => product(shape.slice(0, -2));
/** Transposed kernels are [...window, out, in]. */
const transposed: FanIn = (shape) => window(shape) * (shape.at(-1) ?? 1);

/** The layer classes that can be masked: which of their weights are masked, and each one's fan-in. */
export const maskable: Readonly<Record<string, Readonly<Record<string, FanIn>>>> = {
  Conv1D: { kernel: allButLast },
  Conv2D: { kernel: allButLast },
  Conv3D: { kernel: allButLast },
  Conv2DTranspose: { kernel: transposed },
  Conv3DTranspose: { kernel: transposed },
  DepthwiseConv2D: { depthwise_kernel: window },
  SeparableConv2D: { depthwise_kernel: window, pointwise_kernel: allButLast },
  Dense: { kernel: allButLast },
  PleatMultiHeadAttention: {
    query_kernel: allButLast,
    key_kernel: allButLast,
    value_kernel: allButLast,
    output_kernel: allButLast,
  },
};

const prefix = 'PleatMasked';

/** The class name of the masked form of a layer class. */
export function maskedName(className: string): string {
  return prefix + className;
}

/** The stock class name behind a masked one, or null for any other class. */
export function stockName(className: string): string | null {
  const name = className.startsWith(prefix) ? className.slice(prefix.length) : '';
  return Object.hasOwn(maskable, name) ? name : null;
}
