import { createModel } from '@pleat/models';
import { geluLayer, layerNormLayer, multiHeadAttentionLayer, pixelShuffleLayer } from '@pleat/ops';
import { fillUniform, permutation, stream } from '@pleat/random';
import * as tf from '@tensorflow/tfjs';

type Symbolic = tf.SymbolicTensor;

export const apply = (layer: tf.layers.Layer, x: Symbolic | Symbolic[]): Symbolic =>
  layer.apply(x) as Symbolic;

/** Weights that are all different: biases and statistics start at 0 and 1, where errors hide. */
export function stirred(model: tf.LayersModel): tf.LayersModel {
  model.weights.forEach((weight, i) => {
    const size = weight.shape.reduce<number>((n, s) => n * (s ?? 1), 1);
    const name = weight.originalName;
    const spread = Math.sqrt(3 / Math.max(1, size / (weight.shape.at(-1) ?? 1)));
    const positive = /variance|gamma/.test(name);
    const range = positive ? { low: 0.5, high: 1.5 } : { low: -spread, high: spread };
    const values = fillUniform(stream(11, `stir ${i}`), new Float32Array(size), range);
    const tensor = tf.tensor(values, weight.shape as number[]);
    weight.write(tensor);
    tensor.dispose();
  });
  return model;
}

const conv = (filters: number, kernelSize = 3, more: object = {}): tf.layers.Layer =>
  tf.layers.conv2d({ filters, kernelSize, padding: 'same', activation: 'relu', ...more });

/** Every convolution reads all that came before. */
function denseNet(): tf.LayersModel {
  const input = tf.input({ shape: [8, 8, 3] });
  let x = apply(conv(4), input);
  for (let block = 0; block < 2; block++) {
    for (let i = 0; i < 3; i++) {
      let y = apply(tf.layers.batchNormalization(), x);
      y = apply(tf.layers.reLU(), y);
      y = apply(conv(3), apply(conv(6, 1), y));
      x = apply(tf.layers.concatenate(), [x, y]);
    }
    x = apply(tf.layers.averagePooling2d({ poolSize: 2 }), apply(conv(5, 1), x));
  }
  x = apply(tf.layers.globalAveragePooling2d({ dataFormat: 'channelsLast' }), x);
  return tf.model({ inputs: input, outputs: apply(tf.layers.dense({ units: 4 }), x) });
}

/** Down, up, and across; upsampling one way by repeating, one way by a transposed convolution. */
function uNet(): tf.LayersModel {
  const input = tf.input({ shape: [8, 8, 2] });
  const first = apply(conv(4), input);
  const down = apply(tf.layers.maxPooling2d({ poolSize: 2 }), first);
  const second = apply(tf.layers.prelu({ sharedAxes: [1, 2] }), apply(conv(6), down));
  const bottom = apply(conv(8), apply(tf.layers.averagePooling2d({ poolSize: 2 }), second));
  const up = apply(
    tf.layers.conv2dTranspose({ filters: 5, kernelSize: 2, strides: 2, activation: 'tanh' }),
    bottom,
  );
  const middle = apply(conv(6), apply(tf.layers.concatenate(), [second, up]));
  const wide = apply(tf.layers.upSampling2d({ size: [2, 2] }), middle);
  const last = apply(conv(4), apply(tf.layers.concatenate(), [wide, first]));
  return tf.model({ inputs: input, outputs: apply(conv(1, 1, { activation: 'sigmoid' }), last) });
}

/** Channels squeezed to a number each, which then scales them. */
function squeeze(): tf.LayersModel {
  const input = tf.input({ shape: [6, 6, 3] });
  const x = apply(conv(6), input);
  const pooled = apply(tf.layers.globalAveragePooling2d({ dataFormat: 'channelsLast' }), x);
  let gate = apply(tf.layers.dense({ units: 2, activation: 'relu' }), pooled);
  gate = apply(tf.layers.dense({ units: 6, activation: 'sigmoid' }), gate);
  gate = apply(tf.layers.reshape({ targetShape: [1, 1, 6] }), gate);
  const scaled = apply(tf.layers.multiply(), [x, gate]);
  const y = apply(
    tf.layers.separableConv2d({ filters: 5, kernelSize: 3, depthMultiplier: 2 }),
    scaled,
  );
  const wide = apply(tf.layers.depthwiseConv2d({ kernelSize: 3, depthMultiplier: 3 }), y);
  const flat = apply(tf.layers.flatten(), wide);
  return tf.model({ inputs: input, outputs: apply(tf.layers.dense({ units: 3 }), flat) });
}

/** Pixel shuffle out of stock layers, twice: [h, w, r r c] to [h r, w r, c]. */
function shuffle(): tf.LayersModel {
  const input = tf.input({ shape: [4, 4, 3] });
  let x = apply(conv(12), input);
  x = apply(tf.layers.reshape({ targetShape: [4, 4, 2, 2, 3] }), x);
  x = apply(tf.layers.permute({ dims: [1, 3, 2, 4, 5] }), x);
  x = apply(tf.layers.reshape({ targetShape: [8, 8, 3] }), x);
  const y = apply(conv(3), x);
  x = apply(tf.layers.add(), [x, y]);
  x = apply(conv(2), apply(tf.layers.zeroPadding2d({ padding: 1 }), x));
  return tf.model({ inputs: input, outputs: x });
}

/** Super-resolution with pixel shuffle layers; height and width are unknown where `size` is null. */
const superResolution = (size: number | null) => (): tf.LayersModel => {
  const input = tf.input({ shape: [size, size, 3] as never });
  const first = apply(conv(6), input);
  const x = apply(tf.layers.add(), [first, apply(conv(6), apply(conv(6), first))]);
  let y = apply(pixelShuffleLayer({ blockSize: 2 }), apply(conv(20), x));
  y = apply(tf.layers.prelu({ sharedAxes: [1, 2] }), y);
  y = apply(pixelShuffleLayer({ blockSize: 3 }), apply(conv(36), y));
  return tf.model({ inputs: input, outputs: apply(conv(3), apply(tf.layers.reLU(), y)) });
};

/** Convolutions in two and in four groups, as tfjs has them: channels sliced apart, a convolution each, set side by side. */
function grouped(): tf.LayersModel {
  const input = tf.input({ shape: [6, 6, 3] });
  const split = (x: Symbolic, groups: number): Symbolic => {
    const channels = x.shape[3] as number;
    const own = channels / groups;
    const parts = Array.from({ length: groups }, (_, g) => {
      const cropping: [[number, number], [number, number]] = [
        [0, 0],
        [g * own, channels - (g + 1) * own],
      ];
      // Told that channels come first, it crops the last axis.
      const part = apply(tf.layers.cropping2D({ cropping, dataFormat: 'channelsFirst' }), x);
      return apply(conv(own), part);
    });
    return apply(tf.layers.concatenate(), parts);
  };
  const x = apply(conv(8), input);
  const y = apply(tf.layers.batchNormalization(), split(apply(conv(8, 1), x), 2));
  const z = apply(conv(8, 1), split(apply(tf.layers.reLU(), y), 4));
  const flat = apply(tf.layers.flatten(), apply(tf.layers.add(), [x, z]));
  return tf.model({ inputs: input, outputs: apply(tf.layers.dense({ units: 3 }), flat) });
}

/** Tokens mixed by dense layers across them, then channels: two divisions of one tensor at once. */
function mixer(): tf.LayersModel {
  const input = tf.input({ shape: [8, 8, 3] });
  let x = apply(tf.layers.conv2d({ filters: 6, kernelSize: 4, strides: 4 }), input);
  x = apply(tf.layers.reshape({ targetShape: [4, 6] }), x);
  for (let i = 0; i < 2; i++) {
    let y = apply(layerNormLayer(), x);
    y = apply(tf.layers.permute({ dims: [2, 1] }), y);
    y = apply(tf.layers.dense({ units: 5 }), y);
    y = apply(tf.layers.dense({ units: 4 }), apply(geluLayer(), y));
    x = apply(tf.layers.add(), [x, apply(tf.layers.permute({ dims: [2, 1] }), y)]);
    y = apply(tf.layers.dense({ units: 7, activation: 'relu' }), apply(layerNormLayer(), x));
    x = apply(tf.layers.add(), [x, apply(tf.layers.dense({ units: 6 }), y)]);
  }
  x = apply(tf.layers.globalAveragePooling1d(), x);
  return tf.model({ inputs: input, outputs: apply(tf.layers.dense({ units: 3 }), x) });
}

/** Two inputs and outputs, a dense layer and a whole model each used twice, models in models. */
function nested(): tf.LayersModel {
  const inner = tf.input({ shape: [6] });
  const hidden = apply(tf.layers.dense({ units: 5, activation: 'tanh', name: 'inner_a' }), inner);
  const block = tf.model({
    name: 'block',
    inputs: inner,
    outputs: apply(tf.layers.add(), [
      inner,
      apply(tf.layers.dense({ units: 6, name: 'inner_b' }), hidden),
    ]),
  });
  const a = tf.input({ shape: [4] });
  const b = tf.input({ shape: [4] });
  const shared = tf.layers.dense({ units: 6, name: 'shared' });
  const left = apply(block, apply(shared, a));
  const right = apply(block, apply(block, apply(shared, b)));
  const both = apply(tf.layers.concatenate(), [left, right]);
  return tf.model({
    inputs: [a, b],
    outputs: [
      apply(tf.layers.dense({ units: 3 }), both),
      apply(tf.layers.dense({ units: 2 }), apply(tf.layers.maximum(), [left, right])),
    ],
  });
}

/** A sequence: embedding, a layer at each step, recurrent layers, convolution, dot products. */
function sequence(): tf.LayersModel {
  const input = tf.input({ shape: [6], dtype: 'int32' });
  let x = apply(tf.layers.embedding({ inputDim: 9, outputDim: 5 }), input);
  x = apply(tf.layers.timeDistributed({ layer: tf.layers.dense({ units: 4 }) }), x);
  x = apply(tf.layers.lstm({ units: 3, returnSequences: true }) as tf.layers.Layer, x);
  x = apply(tf.layers.gru({ units: 5, returnSequences: true }) as tf.layers.Layer, x);
  const y = apply(tf.layers.conv1d({ filters: 5, kernelSize: 3, padding: 'same' }), x);
  const meeting = apply(tf.layers.dot({ axes: 2 }), [x, y]);
  const last = apply(tf.layers.simpleRNN({ units: 4 }) as tf.layers.Layer, y);
  const flat = apply(tf.layers.flatten(), meeting);
  const both = apply(
    tf.layers.concatenate(),
    [flat, apply(tf.layers.repeatVector({ n: 2 }), last)].map((z, i) =>
      i === 0 ? z : apply(tf.layers.flatten(), z),
    ),
  );
  return tf.model({ inputs: input, outputs: apply(tf.layers.dense({ units: 2 }), both) });
}

/** Convolutions whose channels come first, in two and three dimensions, and half of the channels sliced off. */
function channelsFirst(): tf.LayersModel {
  const input = tf.input({ shape: [2, 6, 6] });
  const dataFormat = 'channelsFirst';
  let x = apply(tf.layers.conv2d({ filters: 4, kernelSize: 3, dataFormat }), input);
  x = apply(tf.layers.batchNormalization({ axis: 1 }), x);
  x = apply(tf.layers.maxPooling2d({ poolSize: 2, dataFormat }), x);
  const cube = apply(tf.layers.reshape({ targetShape: [4, 2, 2, 1] }), x);
  const flat = apply(tf.layers.flatten({ dataFormat }), x);
  const y = apply(tf.layers.permute({ dims: [2, 3, 1] }), x);
  const crop = (cropping: [[number, number], [number, number]]) =>
    tf.layers.cropping2D({ cropping, dataFormat });
  const head = apply(
    conv(3),
    apply(
      crop([
        [0, 0],
        [0, 1],
      ]),
      y,
    ),
  );
  const tail = apply(
    conv(2),
    apply(
      crop([
        [0, 0],
        [3, 0],
      ]),
      y,
    ),
  );
  const solid = apply(tf.layers.conv3d({ filters: 3, kernelSize: 1 }), cube);
  const all = [flat, ...[head, tail, solid].map((z) => apply(tf.layers.flatten(), z))];
  const both = apply(tf.layers.concatenate(), all);
  return tf.model({ inputs: input, outputs: apply(tf.layers.dense({ units: 2 }), both) });
}

/** Attention beside channels that come from two layers, heads of a width of their own. */
function attention(): tf.LayersModel {
  const input = tf.input({ shape: [5, 4] });
  const a = apply(tf.layers.dense({ units: 3 }), input);
  const b = apply(tf.layers.dense({ units: 5 }), input);
  const x = apply(tf.layers.concatenate(), [a, b]);
  const y = apply(multiHeadAttentionLayer({ heads: 3, headDim: 2 }), x);
  const z = apply(layerNormLayer(), apply(tf.layers.add(), [x, y]));
  const flat = apply(tf.layers.flatten(), z);
  return tf.model({ inputs: input, outputs: apply(tf.layers.dense({ units: 2 }), flat) });
}

const common = { inputShape: [8, 8, 3] as [number, number, number], classes: 4 };

/** Models of every shape the graph follows. */
export const models: Record<string, () => tf.LayersModel> = {
  convMixer: () =>
    createModel('convmixer', { ...common, dim: 6, depth: 2, kernelSize: 3, useBias: true }),
  vit: () => createModel('vit', { ...common, dim: 8, depth: 2, heads: 2, mlpRatio: 2 }),
  vitMean: () => createModel('vit', { ...common, dim: 6, depth: 1, heads: 3, pooling: 'mean' }),
  resNet20: () => createModel('resnet20', { ...common, width: 4 }),
  resNet20B: () => createModel('resnet20', { ...common, width: 4, shortcut: 'B' }),
  resNet18: () => createModel('resnet18', { ...common, width: 4 }),
  nin: () => createModel('nin', { ...common, width: 4 } as never),
  vgg11: () => createModel('vgg11', { ...common, inputShape: [32, 32, 3], width: 2 } as never),
  denseNet,
  uNet,
  squeeze,
  shuffle,
  superResolution: superResolution(6),
  superResolutionAnySize: superResolution(null),
  grouped,
  mixer,
  nested,
  sequence,
  channelsFirst,
  attention,
};

/** Random inputs for a model. */
export function inputs(model: tf.LayersModel, batch = 2): tf.Tensor[] {
  return model.inputs.map(({ shape, dtype }, i) => {
    const sizes = [batch, ...shape.slice(1).map((size) => size ?? 5)];
    return dtype === 'int32'
      ? tf.randomUniform(sizes, 0, 9, 'int32', 7)
      : tf.randomNormal(sizes, 0, 1, 'float32', 7 + i);
  });
}

/** All that a model predicts, as numbers. */
export function predict(model: tf.LayersModel, x: tf.Tensor[]): Float32Array {
  return tf.tidy(() => {
    const y = model.predict(x.length === 1 ? (x[0] as tf.Tensor) : x);
    return Float32Array.from((Array.isArray(y) ? y : [y]).flatMap((t) => [...t.dataSync()]));
  });
}

/** The largest difference of two results, against the largest value. */
export function difference(a: Float32Array, b: Float32Array): number {
  let most = 0;
  let scale = 0;
  a.forEach((value, i) => {
    most = Math.max(most, Math.abs(value - (b[i] as number)));
    scale = Math.max(scale, Math.abs(value));
  });
  return most / scale;
}

/** A random order that is not the identity. */
export function shuffled(size: number, name: string): number[] {
  return [...permutation(stream(5, name), size)];
}
