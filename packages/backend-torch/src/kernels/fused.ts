import type * as tf from '@tensorflow/tfjs';
import type { TorchBackend } from '../backend.ts';
import type { Handle } from '../ffi/dispatch.ts';
import type { Inputs, Kernel, KernelTable } from '../kernel.ts';
import { sizeOf } from '../layout.ts';
import { channelsOf, shaped, shapeOf } from './shaped.ts';

const float = (torch: TorchBackend, handle: Handle, shape: readonly number[]) =>
  torch.output(torch.engine.contiguous(handle), shape, 'float32');

const channelsFirst = [0, 3, 1, 2];

/** The shape of x [..., c] as images. */
function imagesOf(shape: readonly number[]): readonly number[] {
  if (shape.length === 4) return shape;
  const channels = shape.at(-1)!;
  return [sizeOf(shape) / channels, 1, 1, channels];
}

/** x [..., c] as libtorch normalises it, channels second: a view of the same elements. */
function channelsSecond({ engine }: TorchBackend, x: Handle, shape: readonly number[]): Handle {
  return engine.permuted(x, imagesOf(shape), channelsFirst);
}

function channelsBack(torch: TorchBackend, y: Handle, shape: readonly number[]): tf.TensorInfo {
  const { engine } = torch;
  const made = engine.unpermuted(y, imagesOf(shape), channelsFirst);
  return torch.output(shape.length === 4 ? made : engine.view(made, shape), shape, 'float32');
}

const handles = (torch: TorchBackend, inputs: Inputs, ...names: string[]) =>
  names.map((name) => torch.handle(inputs[name]!));

const batchNormTrain: Kernel = (torch, inputs, { epsilon }: { epsilon: number }) => {
  const { engine } = torch;
  const { shape } = inputs.x!;
  const channels = [shape.at(-1)!];
  const [x, gamma, beta] = handles(torch, inputs, 'x', 'gamma', 'beta') as [Handle, Handle, Handle];
  const [y, mean, invStd] = engine.ops(
    'aten::native_batch_norm',
    channelsSecond(torch, x, shape),
    gamma,
    beta,
    null,
    null,
    true,
    0,
    epsilon,
  );
  const power = engine.op('aten::pow.Tensor_Tensor', invStd!, engine.scalar(-2, 'float32'));
  const variance = engine.subtract(power, engine.scalar(epsilon, 'float32'), 1);
  return [
    channelsBack(torch, y!, shape),
    float(torch, mean!, channels),
    float(torch, engine.op('aten::relu', variance), channels),
  ];
};

const batchNormTrainGrad: Kernel = (torch, inputs, { epsilon }: { epsilon: number }) => {
  const { engine } = torch;
  const { shape } = inputs.x!;
  const channels = [shape.at(-1)!];
  const names = ['dy', 'x', 'gamma', 'mean', 'variance'];
  const [dy, x, gamma, mean, variance] = handles(torch, inputs, ...names);
  const power = engine.subtract(variance!, engine.scalar(epsilon, 'float32'), -1);
  const [dx, dgamma, dbeta] = engine.ops(
    'aten::native_batch_norm_backward',
    channelsSecond(torch, dy!, shape),
    channelsSecond(torch, x!, shape),
    gamma!,
    null,
    null,
    mean!,
    engine.op('aten::rsqrt', power),
    true,
    epsilon,
    [true, true, true],
  );
  return [
    channelsBack(torch, dx!, shape),
    float(torch, dgamma!, channels),
    float(torch, dbeta!, channels),
  ];
};

const layerNorm: Kernel = (torch, inputs, { epsilon }: { epsilon: number }) => {
  const { engine } = torch;
  const { shape } = inputs.x!;
  const rows = [shape.slice(0, -1).reduce((product, size) => product * size, 1)];
  const [x, gamma, beta] = handles(torch, inputs, 'x', 'gamma', 'beta') as [Handle, Handle, Handle];
  const size = [shape.at(-1)!];
  const [y, mean, invStd] = engine.ops('aten::native_layer_norm', x, size, gamma, beta, epsilon);
  return [
    float(torch, y!, shape),
    float(torch, engine.view(mean!, rows), rows),
    float(torch, engine.view(invStd!, rows), rows),
  ];
};

const layerNormGrad: Kernel = (torch, inputs) => {
  const { engine } = torch;
  const { shape } = inputs.x!;
  const channels = [shape.at(-1)!];
  const [dy, x, gamma, mean, invStd] = handles(torch, inputs, 'dy', 'x', 'gamma', 'mean', 'invStd');
  const statistics = [...shape.slice(0, -1), 1];
  const [dx, dgamma, dbeta] = engine.ops(
    'aten::native_layer_norm_backward',
    dy!,
    x!,
    channels,
    engine.view(mean!, statistics),
    engine.view(invStd!, statistics),
    gamma!,
    // Only that there is a beta counts, not its values.
    gamma!,
    [true, true, true],
  );
  return [
    float(torch, dx!, shape),
    float(torch, dgamma!, channels),
    float(torch, dbeta!, channels),
  ];
};

const softmaxCrossEntropy: Kernel = (
  torch,
  { logits, labels },
  { labelSmoothing }: { labelSmoothing: number },
) => {
  const { engine } = torch;
  if (labels!.dtype !== 'int32') return null;
  const [rows, classes] = logits!.shape as [number, number];
  const numbers = engine.from(
    Int32Array.from({ length: classes }, (_, i) => i),
    [classes],
    'int32',
  );
  const column = engine.view(torch.handle(labels!), [rows, 1]);
  const hot = engine.op('aten::eq.Tensor', numbers, column);
  const rest = labelSmoothing / classes;
  const target = engine.op(
    'aten::where.self',
    hot,
    engine.scalar(1 - labelSmoothing + rest, 'float32'),
    engine.scalar(rest, 'float32'),
  );
  const log = engine.op('aten::_log_softmax', torch.handle(logits!), 1, false);
  const terms = engine.op('aten::mul.Tensor', log, target);
  const loss = engine.op('aten::neg', engine.op('aten::sum.dim_IntList', terms, [1], false, null));
  const gradient = engine.subtract(engine.op('aten::exp', log), target, 1);
  return [float(torch, loss, [rows]), float(torch, gradient, logits!.shape)];
};

const topKMask: Kernel = (torch, { scores }, { k }: { k: number }) => {
  const { engine } = torch;
  const { shape } = scores!;
  const size = shape.reduce((product, length) => product * length, 1);
  if (k <= 0 || k >= size) return float(torch, engine.full(shape, k > 0 ? 1 : 0, 'float32'), shape);
  const flat = engine.op('aten::abs', engine.view(torch.handle(scores!), [size]));
  const finite = engine.op('aten::nan_to_num', flat, -1, Infinity, -1);
  const [least] = engine.ops('aten::kthvalue', finite, size - k + 1, 0, false);
  const above = engine.op('aten::gt.Tensor', finite, least!);
  const tied = engine.op('aten::eq.Tensor', finite, least!);
  // Of those equal to the least one kept, the first that fit.
  const total = engine.cast(engine.op('aten::sum.dim_IntList', above, [0], false, null), 'float64');
  const left = engine.subtract(engine.scalar(k, 'float64'), total, 1);
  const rank = engine.op('aten::cumsum', tied, 0, null);
  const fits = engine.op('aten::logical_and', tied, engine.op('aten::le.Tensor', rank, left));
  const mask = engine.cast(engine.op('aten::logical_or', above, fits), 'float32');
  return float(torch, engine.view(mask, shape), shape);
};

const globalAveragePool: Kernel = (torch, { x }) => {
  const [batch, , , channels] = x!.shape as [number, number, number, number];
  const made = torch.engine.op('aten::mean.dim', torch.handle(x!), [1, 2], false, null);
  return float(torch, made, [batch, channels]);
};

const globalAveragePoolGrad: Kernel = (torch, { dy }, attrs: { height: number; width: number }) => {
  const { engine } = torch;
  const { height, width } = attrs;
  const [batch, channels] = dy!.shape as [number, number];
  const one = engine.scalar(1 / (height * width), 'float32');
  const share = engine.op(
    'aten::mul.Tensor',
    torch.handle({ ...dy!, shape: [batch, 1, 1, channels] }),
    one,
  );
  const shape = [batch, height, width, channels];
  return float(torch, engine.op('aten::expand', share, shape, false), shape);
};

const rows = (inputs: Inputs) => [
  shapeOf(inputs, 'x')
    .slice(0, -1)
    .reduce((product, size) => product * size, 1),
];
const x = (inputs: Inputs) => shapeOf(inputs, 'x');
const channels = (inputs: Inputs) => channelsOf(inputs, 'x');

export const fusedKernels: KernelTable = {
  ...shaped(
    'PleatBatchNormTrain',
    (i) => ({ x: x(i), gamma: channels(i), beta: channels(i) }),
    batchNormTrain,
  ),
  ...shaped(
    'PleatBatchNormTrainGrad',
    (i) => {
      const c = channels(i);
      return { x: x(i), dy: x(i), gamma: c, mean: c, variance: c };
    },
    batchNormTrainGrad,
  ),
  ...shaped(
    'PleatLayerNorm',
    (i) => ({ x: x(i), gamma: channels(i), beta: channels(i) }),
    layerNorm,
  ),
  ...shaped(
    'PleatLayerNormGrad',
    (i) => ({ x: x(i), dy: x(i), gamma: channels(i), mean: rows(i), invStd: rows(i) }),
    layerNormGrad,
  ),
  ...shaped(
    'PleatSoftmaxCrossEntropy',
    (i) => ({ logits: shapeOf(i, 'logits', 2) }),
    softmaxCrossEntropy,
  ),
  ...shaped('PleatTopKMask', (i) => ({ scores: shapeOf(i, 'scores') }), topKMask),
  ...shaped('PleatGlobalAveragePool', (i) => ({ x: shapeOf(i, 'x', 4) }), globalAveragePool),
  ...shaped(
    'PleatGlobalAveragePoolGrad',
    (i) => ({ dy: shapeOf(i, 'dy', 2) }),
    globalAveragePoolGrad,
  ),
};
