import type { Column } from '../layout.ts';
import { imageAxes, type Step } from '../step.ts';
import { type LayerKind, product, volume } from './kind.ts';

/** Softmax as a layer's own activation looks at all its channels. */
function noteSoftmax(step: Step, columns: readonly Column[]): void {
  if (`${step.config.activation}`.toLowerCase().endsWith('softmax')) step.acrossAll(columns);
}

const channelCount = (shape: readonly (number | null)[], channelsFirst: boolean): number =>
  shape.at(channelsFirst ? 1 : -1) ?? Number.NaN;

/** Convolutions with a kernel [...window, in, out], or [...window, out, in] where transposed. */
function convolution(transposed: boolean): LayerKind {
  const [input, output] = transposed ? [-1, -2] : [-2, -1];
  return {
    follow(step) {
      const { channel, spatial } = imageAxes(step.config, step.input.shape.length);
      const x = step.still(step.input, spatial, channel);
      step.attach(step.along(x, channel), ['kernel', input, 'input']);
      const made = step.produce(channel, [
        ['kernel', output, 'output'],
        ['bias', 0, 'bias'],
      ]);
      noteSoftmax(step, made);
      return step.output([...step.apart(x, channel), ...made]);
    },
    resize: (config, sizes) => ({
      ...config,
      filters: sizes.weight('kernel').at(output) as number,
    }),
    multiplyAdds({ weight, inputs, output: out, config }) {
      const kernel = weight('kernel') as readonly number[];
      // Each value of the output (of the input where transposed) meets the whole window and the channels of the other side.
      const first = config.dataFormat === 'channelsFirst';
      const here = transposed ? (inputs[0] as typeof out) : out;
      return (volume(here) / channelCount(here, first)) * product(kernel);
    },
  };
}

const dense: LayerKind = {
  follow(step) {
    const last = step.input.shape.length - 1;
    step.attach(step.along(step.input, last), ['kernel', 0, 'input']);
    const made = step.produce(last, [
      ['kernel', 1, 'output'],
      ['bias', 0, 'bias'],
    ]);
    noteSoftmax(step, made);
    return step.output([...step.apart(step.input, last), ...made]);
  },
  resize: (config, sizes) => ({ ...config, units: sizes.weight('kernel')[1] as number }),
  multiplyAdds: ({ weight, output }) =>
    (volume(output) / (output.at(-1) as number)) * product(weight('kernel') as number[]),
};

/** Depthwise kernels are [height, width, channels, multiplier]; output c * multiplier + k comes from channel c. */
function depthwisePart(step: Step): { columns: Column[]; channel: number } {
  const { channel, spatial } = imageAxes(step.config, step.input.shape.length);
  const x = step.still(step.input, spatial, channel);
  const own = step.along(x, channel);
  step.attach(own, ['depthwise_kernel', 2, 'depthwise']);
  const multiplier = step.weightShape('depthwise_kernel')?.[3] ?? 1;
  return { columns: own.map((column) => step.repeat(column, multiplier)), channel };
}

const depthwise: LayerKind = {
  follow(step) {
    const { columns } = depthwisePart(step);
    step.attach(columns, ['bias', 0, 'bias']);
    noteSoftmax(step, columns);
    return step.output(columns);
  },
  multiplyAdds: ({ weight, output }) =>
    volume(output) * product((weight('depthwise_kernel') as number[]).slice(0, 2)),
};

const separable: LayerKind = {
  follow(step) {
    const { columns, channel } = depthwisePart(step);
    step.attach(columns, ['pointwise_kernel', 2, 'input']);
    const made = step.produce(channel, [
      ['pointwise_kernel', 3, 'output'],
      ['bias', 0, 'bias'],
    ]);
    noteSoftmax(step, made);
    return step.output(made);
  },
  resize: (config, sizes) => ({
    ...config,
    filters: sizes.weight('pointwise_kernel')[3] as number,
  }),
  multiplyAdds({ weight, output, config }) {
    const pixels = volume(output) / channelCount(output, config.dataFormat === 'channelsFirst');
    return (
      pixels *
      (product(weight('depthwise_kernel') as number[]) +
        product(weight('pointwise_kernel') as number[]))
    );
  },
};

/** Integers in, rows of a table out. */
const embedding: LayerKind = {
  follow(step) {
    const last = step.outputShape.length - 1;
    return step.output([
      ...step.input.columns,
      ...step.produce(last, [['embeddings', 1, 'output']]),
    ]);
  },
  resize: (config, sizes) => ({ ...config, outputDim: sizes.weight('embeddings')[1] as number }),
};

/** Layers whose kernels sum over channels. */
export const linearKinds: Record<string, LayerKind> = {
  Conv1D: convolution(false),
  Conv2D: convolution(false),
  Conv3D: convolution(false),
  Conv2DTranspose: convolution(true),
  Conv3DTranspose: convolution(true),
  DepthwiseConv2D: depthwise,
  SeparableConv2D: separable,
  Dense: dense,
  Embedding: embedding,
};
