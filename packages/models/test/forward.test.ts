import * as tf from '@tensorflow/tfjs';
import { beforeAll, expect, test } from 'vitest';
import { convMixer, nin, resNet, resNet18, vgg, vit } from '../src/index.ts';
import * as ref from './reference.ts';

beforeAll(() => tf.setBackend('cpu'));

type Shape = [number, number, number];

/** Moves every weight off its start, so that no norm, bias or order can hide, and looks them up by layer. */
function shaken(model: tf.LayersModel): (layer: string) => ref.Weights {
  let state = 1;
  const noise = () => {
    state = (state * 48_271) % 2_147_483_647;
    return state / 2_147_483_647 - 0.5;
  };
  const values = model.weights.map((weight) => {
    const old = weight.read().dataSync<'float32'>();
    const spread = weight.shape.length === 1 ? 0.8 : 0.4;
    return tf.tensor(
      old.map((value) => value + spread * noise()),
      weight.shape as number[],
    );
  });
  model.setWeights(values);
  tf.dispose(values);
  return (layer) =>
    model.getLayer(layer).weights.map((weight) => ({
      shape: weight.shape as number[],
      values: weight.read().dataSync(),
    }));
}

/** Runs one image through the model and through the reference. */
function compare(model: tf.LayersModel, shape: Shape, reference: (image: ref.Grid) => ref.Grid) {
  const image = ref.grid(...shape);
  image.data.forEach((_, i) => {
    image.data[i] = Math.fround(Math.sin(1.7 * i + 0.3));
  });
  const actual = tf.tidy(() =>
    (model.predict(tf.tensor(Array.from(image.data), [1, ...shape])) as tf.Tensor).dataSync(),
  );
  const expected = reference(image).data;
  expect(actual.length).toBe(expected.length);
  const scale = Math.max(...expected.map(Math.abs));
  expect(scale).toBeGreaterThan(1e-2);
  for (const [i, value] of expected.entries()) {
    expect(Math.abs(actual[i]! - value) / scale).toBeLessThan(2e-5);
  }
  model.dispose();
}

test.each([false, true])('convMixer computes section 2 of its paper (biases: %s)', (useBias) => {
  const shape: Shape = [7, 6, 2];
  const options = { inputShape: shape, classes: 3, dim: 4, depth: 2, kernelSize: 3, useBias };
  const model = convMixer(options);
  const of = shaken(model);
  compare(model, shape, (image) => {
    const gn = (x: ref.Grid, name: string) => ref.batchNorm(ref.gelu(x), of(`${name}_norm`));
    let x = gn(ref.conv(image, of('patch'), 2, 0), 'patch');
    for (const block of ['block1', 'block2']) {
      const spatial = `${block}_depthwise`;
      x = ref.add(gn(ref.depthwise(x, of(spatial)), spatial), x);
      x = gn(ref.conv(x, of(`${block}_pointwise`), 1, 0), `${block}_pointwise`);
    }
    return ref.dense(ref.pool(x), of('classifier'));
  });
});

/** Stem, stages of basic blocks, pool, classifier (He et al. 2016, section 4.2). */
function residual(of: (layer: string) => ref.Weights, stages: number[], shortcut: 'A' | 'B') {
  return (image: ref.Grid) => {
    const unit = (x: ref.Grid, layer: string, norm: string, stride = 1) =>
      ref.batchNorm(ref.conv(x, of(layer), stride, 1), of(norm));
    let x = ref.relu(unit(image, 'stem_conv', 'stem_norm'));
    stages.forEach((blocks, stage) => {
      for (let block = 1; block <= blocks; block++) {
        const name = `stage${stage + 1}_block${block}`;
        const narrows = stage > 0 && block === 1;
        let y = ref.relu(unit(x, `${name}_conv1`, `${name}_norm1`, narrows ? 2 : 1));
        y = unit(y, `${name}_conv2`, `${name}_norm2`);
        if (narrows && shortcut === 'A') x = ref.shortcutA(x);
        else if (narrows) {
          const projected = ref.conv(x, of(`${name}_shortcut`), 2, 0);
          x = ref.batchNorm(projected, of(`${name}_shortcut_norm`));
        }
        x = ref.relu(ref.add(x, y));
      }
    });
    return ref.dense(ref.pool(x), of('classifier'));
  };
}

test.each(['A', 'B'] as const)('resNet with shortcut %s computes He et al.', (shortcut) => {
  // An odd side, where a stride that starts one pixel off is seen.
  const shape: Shape = [9, 8, 3];
  const model = resNet({ inputShape: shape, classes: 4, depth: 20, width: 2, shortcut });
  compare(model, shape, residual(shaken(model), [3, 3, 3], shortcut));
});

test('resNet18 has four stages of two blocks and projects its shortcuts', () => {
  const shape: Shape = [8, 8, 3];
  const model = resNet18({ inputShape: shape, classes: 4, width: 2 });
  compare(model, shape, residual(shaken(model), [2, 2, 2, 2], 'B'));
});

test.each([false, true])(
  'nin computes Lin et al., class maps unrectified (batch norm: %s)',
  (batchNorm) => {
    // Sides of which one is odd, where the last window hangs over the end.
    const shape: Shape = [9, 8, 3];
    const model = nin({ inputShape: shape, classes: 4, width: 6, batchNorm });
    const of = shaken(model);
    compare(model, shape, (image) => {
      let x = image;
      const rectified = (name: string, pad: number) => {
        x = ref.conv(x, of(name), 1, pad);
        x = ref.relu(batchNorm ? ref.batchNorm(x, of(`${name}_norm`)) : x);
      };
      for (const [stage, pad] of [
        ['stage1', 2],
        ['stage2', 2],
        ['stage3', 1],
      ] as const) {
        rectified(`${stage}_conv`, pad);
        rectified(`${stage}_mlp1`, 0);
        if (stage === 'stage3') break;
        rectified(`${stage}_mlp2`, 0);
        x = ref.maxPool(x, 3);
      }
      return ref.pool(ref.conv(x, of('classifier'), 1, 0));
    });
  },
);

test.each([
  [11, [1, 1, 2, 2, 2], false],
  [19, [2, 2, 4, 4, 4], true],
] as const)(
  'vgg of depth %i computes Simonyan and Zisserman with norms',
  (depth, stages, useBias) => {
    const shape: Shape = [9, 8, 3];
    const model = vgg({ inputShape: shape, classes: 4, depth, width: 2, useBias });
    const of = shaken(model);
    compare(model, shape, (image) => {
      let x = image;
      stages.forEach((count, stage) => {
        for (let layer = 1; layer <= count; layer++) {
          const name = `stage${stage + 1}_conv${layer}`;
          x = ref.relu(ref.batchNorm(ref.conv(x, of(name), 1, 1), of(`${name}_norm`)));
        }
        x = ref.maxPool(x, 2);
      });
      return ref.dense(ref.pool(x), of('classifier'));
    });
  },
);

test.each(['class-token', 'mean'] as const)('vit with %s computes equations 1 to 4', (pooling) => {
  const shape: Shape = [6, 4, 3];
  const model = vit({
    ...{ inputShape: shape, classes: 3, patchSize: 2, dim: 4, depth: 2, heads: 2, pooling },
  });
  const of = shaken(model);
  compare(model, shape, (image) => {
    const patches = ref.conv(image, of('patch'), 2, 0);
    const token = pooling === 'class-token' ? Array.from(of('class_token')[0]!.values) : [];
    const data = Float64Array.from([...token, ...patches.data]);
    const position = of('position')[0]!.values;
    let x: ref.Grid = { height: 1, width: data.length / 4, channels: 4, data };
    x = { ...x, data: data.map((value, i) => value + position[i]!) };
    for (const block of ['block1', 'block2']) {
      const normal = ref.layerNorm(x, of(`${block}_norm1`));
      x = ref.add(x, ref.attention(normal, of(`${block}_attention`), 2));
      const hidden = ref.dense(ref.layerNorm(x, of(`${block}_norm2`)), of(`${block}_mlp1`));
      x = ref.add(x, ref.dense(ref.gelu(hidden), of(`${block}_mlp2`)));
    }
    x = ref.layerNorm(x, of('norm'));
    const first = { ...x, width: 1, data: x.data.slice(0, 4) };
    return ref.dense(pooling === 'mean' ? ref.pool(x) : first, of('classifier'));
  });
});
