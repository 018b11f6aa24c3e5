import {
  batchNorm,
  geluLayer,
  globalAveragePoolLayer,
  layerNormLayer,
  multiHeadAttentionLayer,
} from '@pleat/ops';
import * as tf from '@tensorflow/tfjs';

type Symbolic = tf.SymbolicTensor;

const run = (x: Symbolic | Symbolic[], layer: tf.layers.Layer): Symbolic =>
  layer.apply(x) as Symbolic;

/** Weights that are not at their start values: biases and moving statistics start at 0 and 1, where errors hide. */
function stirred(model: tf.LayersModel): tf.LayersModel {
  let seed = 1;
  tf.tidy(() => {
    for (const weight of model.weights) {
      const old = weight.read();
      weight.write(old.add(tf.randomUniform(old.shape, 0.05, 0.3, 'float32', seed++)));
    }
  });
  return model;
}

export function convNet(): tf.LayersModel {
  return stirred(
    tf.sequential({
      name: 'conv_net',
      layers: [
        tf.layers.conv2d({ inputShape: [8, 8, 3], filters: 4, kernelSize: 3, activation: 'relu' }),
        tf.layers.depthwiseConv2d({ kernelSize: 3, depthMultiplier: 2 }),
        tf.layers.batchNormalization(),
        tf.layers.flatten(),
        tf.layers.dense({ units: 5 }),
      ],
    }),
  );
}

/** Two inputs, two outputs, a dense layer and a whole model each used twice, models in models. */
export function nested(): tf.LayersModel {
  const leaf = tf.sequential({
    name: 'leaf',
    layers: [tf.layers.dense({ inputShape: [6], units: 6, activation: 'tanh' })],
  });
  const inner = tf.input({ shape: [6], name: 'inner_in' });
  const block = tf.model({
    name: 'block',
    inputs: inner,
    outputs: run(
      [inner, run(inner, leaf), run(run(inner, leaf), tf.layers.dense({ units: 6, name: 'mix' }))],
      tf.layers.add(),
    ),
  });
  const a = tf.input({ shape: [6], name: 'a' });
  const b = tf.input({ shape: [6], name: 'b' });
  const shared = tf.layers.dense({ units: 6, name: 'shared' });
  const left = run(run(a, shared), block);
  const right = run(run(b, block), shared);
  const sum = run([left, right], tf.layers.add());
  return stirred(
    tf.model({
      name: 'nested',
      inputs: [a, b],
      outputs: [
        run(sum, tf.layers.dense({ units: 3, name: 'first' })),
        run(right, tf.layers.dense({ units: 2, name: 'second', useBias: false })),
      ],
    }),
  );
}

/** Every convolution there is to mask. */
function convolutions(): tf.LayersModel {
  const line = tf.input({ shape: [12, 2], name: 'line' });
  const image = tf.input({ shape: [8, 8, 2], name: 'image' });
  const volume = tf.input({ shape: [4, 4, 4, 2], name: 'volume' });
  const flat = (x: Symbolic) => run(x, tf.layers.flatten());
  let plane = run(image, tf.layers.separableConv2d({ filters: 3, kernelSize: 3 }));
  plane = run(plane, tf.layers.conv2dTranspose({ filters: 2, kernelSize: 3, strides: 2 }));
  let cube = run(volume, tf.layers.conv3d({ filters: 2, kernelSize: 2 }));
  cube = run(cube, tf.layers.conv3dTranspose({ filters: 2, kernelSize: 2 }));
  const wave = run(line, tf.layers.conv1d({ filters: 3, kernelSize: 3, strides: 2 }));
  const all = run([flat(wave), flat(plane), flat(cube)], tf.layers.concatenate());
  return stirred(
    tf.model({
      name: 'convolutions',
      inputs: [line, image, volume],
      outputs: run(all, tf.layers.dense({ units: 2 })),
    }),
  );
}

export function convMixer(dim = 8, depth = 2, size = 8): tf.LayersModel {
  const input = tf.input({ shape: [size, size, 3] });
  const settle = (x: Symbolic) => run(run(x, geluLayer({})), batchNorm({}));
  let x = settle(
    run(input, tf.layers.conv2d({ filters: dim, kernelSize: 2, strides: 2, useBias: false })),
  );
  for (let i = 0; i < depth; i++) {
    const spatial = tf.layers.depthwiseConv2d({ kernelSize: 5, padding: 'same', useBias: false });
    x = run([x, settle(run(x, spatial))], tf.layers.add());
    x = settle(run(x, tf.layers.conv2d({ filters: dim, kernelSize: 1, useBias: false })));
  }
  const outputs = run(run(x, globalAveragePoolLayer({})), tf.layers.dense({ units: 10 }));
  return stirred(tf.model({ name: 'conv_mixer', inputs: input, outputs }));
}

function transformer(): tf.LayersModel {
  const input = tf.input({ shape: [5, 8] });
  const mixed = run(run(input, layerNormLayer({})), multiHeadAttentionLayer({ heads: 2 }));
  const x = run([input, mixed], tf.layers.add());
  const wide = run(run(x, tf.layers.dense({ units: 16 })), geluLayer({ approximate: true }));
  const y = run([x, run(wide, tf.layers.dense({ units: 8 }))], tf.layers.add());
  const outputs = run(run(y, tf.layers.flatten()), tf.layers.dense({ units: 3 }));
  return stirred(tf.model({ name: 'transformer', inputs: input, outputs }));
}

/** Layers that stay as they are, around one that is masked inside a wrapper. */
function recurrent(): tf.LayersModel {
  return stirred(
    tf.sequential({
      name: 'recurrent',
      layers: [
        tf.layers.embedding({ inputDim: 9, outputDim: 4, inputLength: 6 }),
        tf.layers.timeDistributed({ layer: tf.layers.dense({ units: 5, name: 'each' }) }),
        tf.layers.bidirectional({
          layer: tf.layers.lstm({ units: 3, returnSequences: false }) as tf.RNN,
          mergeMode: 'concat',
        }),
        tf.layers.dense({ units: 2 }),
      ],
    }),
  );
}

export const models: Record<string, () => tf.LayersModel> = {
  convNet,
  nested,
  convolutions,
  convMixer,
  transformer,
  recurrent,
};

/** Random inputs for a model. */
export function inputs(model: tf.LayersModel, batch = 3, seed = 7): tf.Tensor[] {
  return model.inputs.map(({ shape }, i) =>
    model.name === 'recurrent'
      ? tf.randomUniform([batch, 6], 0, 9, 'int32', seed)
      : tf.randomNormal([batch, ...(shape.slice(1) as number[])], 0, 1, 'float32', seed + i),
  );
}

/** What a model predicts, as plain numbers of all outputs together. */
export function predict(model: tf.LayersModel, x: tf.Tensor[]): number[] {
  return tf.tidy(() => {
    const out = model.predict(x);
    return (Array.isArray(out) ? out : [out]).flatMap((y) => [...y.dataSync()]);
  });
}
