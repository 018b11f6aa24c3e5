/** What masking must know of a kernel: its fan-in, and along which axes its output channels lie. */
interface KernelKind {
  /** How many inputs one output sums over, for a kernel of this shape. */
  fanIn(shape: readonly number[]): number;
  /** The kernel's shape with 1 in every axis that is no output channel. */
  channels(shape: readonly number[]): number[];
}

const product = (shape: readonly number[]): number => shape.reduce((a, b) => a * b, 1);
const only = (shape: readonly number[], ...axes: number[]): number[] =>
  shape.map((size, i) => (axes.includes(i - shape.length) ? size : 1));

const plain: KernelKind = {
  fanIn: (shape) => product(shape.slice(0, -1)),
  channels: (shape) => only(shape, -1),
};
/** [...window, in, multiplier]: every pair of the last two is an output. */
const depthwise: KernelKind = {
  fanIn: (shape) => product(shape.slice(0, -2)),
  channels: (shape) => only(shape, -2, -1),
};
/** [...window, out, in] */
const transposed: KernelKind = {
  fanIn: (shape) => product(shape.slice(0, -2)) * (shape.at(-1) ?? 1),
  channels: (shape) => only(shape, -2),
};

/** The layer classes that can be masked, and which of their weights are masked. */
export const maskable: Readonly<Record<string, Readonly<Record<string, KernelKind>>>> = {
  Conv1D: { kernel: plain },
  Conv2D: { kernel: plain },
  Conv3D: { kernel: plain },
  Conv2DTranspose: { kernel: transposed },
  Conv3DTranspose: { kernel: transposed },
  DepthwiseConv2D: { depthwise_kernel: depthwise },
  SeparableConv2D: { depthwise_kernel: depthwise, pointwise_kernel: plain },
  Dense: { kernel: plain },
  PleatMultiHeadAttention: {
    query_kernel: plain,
    key_kernel: plain,
    value_kernel: plain,
    output_kernel: plain,
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
