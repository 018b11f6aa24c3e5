import { batchNorm, geluLayer, globalAveragePoolLayer } from '@pleat/ops';
import * as tf from '@tensorflow/tfjs';
import { beforeAll, expect, test } from 'vitest';
import { bake, decodeModel, encodeModel, maskModel, pleatHandler } from '../src/index.ts';

beforeAll(async () => {
  await tf.setBackend('cpu');
});

function convMixer(dim: number, depth: number, channels = 3): tf.LayersModel {
  const input = tf.input({ shape: [32, 32, channels] });
  const run = (x: tf.SymbolicTensor, layer: tf.layers.Layer) => layer.apply(x) as tf.SymbolicTensor;
  const act = (x: tf.SymbolicTensor) => run(run(x, geluLayer({})), batchNorm({}));
  let x = act(
    run(input, tf.layers.conv2d({ filters: dim, kernelSize: 2, strides: 2, useBias: false })),
  );
  for (let i = 0; i < depth; i++) {
    const y = act(
      run(x, tf.layers.depthwiseConv2d({ kernelSize: 5, padding: 'same', useBias: false })),
    );
    x = tf.layers.add().apply([x, y]) as tf.SymbolicTensor;
    x = act(run(x, tf.layers.conv2d({ filters: dim, kernelSize: 1, useBias: false })));
  }
  const y = run(run(x, globalAveragePoolLayer({})), tf.layers.dense({ units: 10 }));
  return tf.model({ inputs: input, outputs: y });
}

test('convmixer', async () => {
  const model = maskModel(convMixer(64, 4));
  const bytes = await encodeModel(model);
  const { readHeader } = await import('@pleat/codec');
  const h = readHeader(bytes);
  console.log(
    bytes.length,
    h.headerBytes,
    h.sections.map((s) => [s.name, s.end - s.start, s.coding]),
  );
  const decoded = await decodeModel(bytes);
  const baked = bake(model);
  const x = tf.randomNormal([2, 32, 32, 3]);
  expect((decoded.predict(x) as tf.Tensor).dataSync()).toEqual(
    (baked.predict(x) as tf.Tensor).dataSync(),
  );
  const loaded = await tf.loadLayersModel(pleatHandler(bytes));
  expect((loaded.predict(x) as tf.Tensor).dataSync()).toEqual(
    (baked.predict(x) as tf.Tensor).dataSync(),
  );
  await model.save(pleatHandler('/tmp/pleat/x.pleat'));
  const loaded2 = await tf.loadLayersModel(pleatHandler('/tmp/pleat/x.pleat'));
  expect((loaded2.predict(x) as tf.Tensor).dataSync()).toEqual(
    (baked.predict(x) as tf.Tensor).dataSync(),
  );
});
