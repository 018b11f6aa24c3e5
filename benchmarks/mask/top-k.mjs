// What does choosing the top k scores add to a masked layer's forward pass? Each layer has 64 k weights or more. Things are done
// in the order of a training step: AdamW moves the scores, then they are chosen from, then the layer runs. The scores of dense
// layers, of which choosing takes the most, are those of a network in training. A masked layer multiplies its values by a mask
// whoever makes it; what choosing adds is the time of both in one pass beyond that of the product.
import { registerWasm } from '@pleat/backend-wasm';
import { loadDataset } from '@pleat/datasets';
import { maskModel } from '@pleat/mask';
import { keepTopK, TopKMemory, topKMask } from '@pleat/ops';
import { adamw, triangular } from '@pleat/optim';
import * as tf from '@tensorflow/tfjs';
import { median, report } from '../lib/measure.mjs';

// Convolutions at the batch of a small machine; dense layers, which do so little with each weight that the
// batch decides, at that and at 512, the paper's.
const layers = [
  { layer: '1x1 conv 256 to 256, 16x16', x: [64, 16, 16, 256], kernel: [1, 1, 256, 256] },
  { layer: '3x3 conv 64 to 128, 16x16', x: [64, 16, 16, 64], kernel: [3, 3, 64, 128] },
  { layer: '3x3 conv 256 to 256, 8x8', x: [64, 8, 8, 256], kernel: [3, 3, 256, 256] },
  { layer: 'dense 256 to 256', x: [64, 256], kernel: [256, 256] },
  { layer: 'dense 1024 to 1024', x: [64, 1024], kernel: [1024, 1024] },
  { layer: 'dense 256 to 256', x: [512, 256], kernel: [256, 256] },
  { layer: 'dense 1024 to 1024', x: [512, 1024], kernel: [1024, 1024] },
];
const forward = (x, kernel) =>
  x.rank === 2 ? tf.matMul(x, kernel) : tf.conv2d(x, kernel, 1, 'same');

/** A memory that counts how often the threshold was where it looked. */
class Counted extends TopKMemory {
  calls = 0;
  hits = 0;
  #at = null;

  bracket() {
    this.#at = super.bracket();
    return this.#at;
  }

  remember(rank) {
    this.calls++;
    if (this.#at && rank >= this.#at.low && rank <= this.#at.high) this.hits++;
    super.remember(rank);
  }
}

/** Milliseconds one call took by the wall clock. Both backends compute at once, so nothing need be read back. */
function timed(work) {
  const start = performance.now();
  const result = work();
  const time = performance.now() - start;
  return { result, time };
}

const { train } = await loadDataset('fashion-mnist-subset');
const pixels = 28 * 28;
const batch = 64;
const total = 120;

/** Scores of a dense layer of this shape in a masked network that trains on Fashion-MNIST, as the app trains by default. */
function dense([inputs, outputs]) {
  const model = tf.sequential();
  model.add(tf.layers.dense({ inputShape: [pixels], units: inputs, activation: 'relu' }));
  model.add(tf.layers.dense({ units: outputs, activation: 'relu' }));
  model.add(tf.layers.dense({ units: 10 }));
  const masked = maskModel(model, { seed: 1, learner: { name: 'edge-popup', keep: 0.5 } });
  model.dispose();
  const optimizer = adamw({ learningRate: 0.02, weightDecay: 0.005 });
  const rate = triangular({ total, peak: 0.02 });
  const variables = masked.trainableWeights.map((weight) => weight.read());
  const scores = variables.find(({ shape }) => `${shape}` === `${[inputs, outputs]}`);
  return {
    scores,
    move(step) {
      optimizer.learningRate = rate(step);
      const from = step * batch;
      const images = Float32Array.from(
        train.images.subarray(from * pixels, (from + batch) * pixels),
        (value) => value / 128 - 0.56,
      );
      const labels = Int32Array.from(train.labels.subarray(from, from + batch));
      tf.tidy(() => {
        const x = tf.tensor2d(images, [batch, pixels]);
        const y = tf.oneHot(tf.tensor1d(labels, 'int32'), 10);
        const loss = () => tf.losses.softmaxCrossEntropy(y, masked.apply(x, { training: true }));
        optimizer.minimize(loss, false, variables);
      });
    },
    dispose() {
      masked.dispose();
      optimizer.dispose();
    },
  };
}

/** Scores moved by AdamW steps along gradients of which a part lasts and the rest is noise. */
function convolution(shape) {
  const fanIn = shape.slice(0, -1).reduce((a, b) => a * b);
  const scores = tf.variable(tf.randomUniform(shape, -1, 1).div(Math.sqrt(fanIn)));
  const lasting = tf.randomNormal(shape);
  const passing = [1, 2, 3, 4, 5].map((seed) => tf.randomNormal(shape, 0, 1, 'float32', seed));
  const optimizer = adamw({ learningRate: 0.002, weightDecay: 0.005 });
  return {
    scores,
    move(step) {
      tf.tidy(() => {
        const gradient = tf.add(lasting, passing[step % passing.length]);
        optimizer.applyGradients({ [scores.name]: gradient });
      });
    },
    dispose() {
      tf.dispose([scores, lasting, passing]);
      optimizer.dispose();
    },
  };
}

/** Medians of what each part of a layer's step took. */
function measure({ x: xShape, kernel: shape }, { steps, warmup, compiled, evict }) {
  const x = tf.randomNormal(xShape);
  const values = tf.randomNormal(shape);
  const training = shape.length === 2 ? dense(shape) : convolution(shape);
  const { scores } = training;
  const memories = { mask: new Counted(), kept: new Counted() };
  const k = scores.size / 2;
  const parts = {
    cold: () => topKMask(scores, k),
    mask: () => topKMask(scores, k, { memory: memories.mask }),
    kept: () => keepTopK(values, scores, k, { memory: memories.kept }),
    product: () => tf.mul(values, scores),
    forward: () => forward(x, values),
  };
  // Training runs for thousands of steps, and engines compile well what ran for hundreds.
  for (let call = 0; call < compiled; call++)
    for (const work of Object.values(parts)) work().dispose();
  const times = Object.fromEntries(Object.keys(parts).map((name) => [name, []]));
  for (let step = 0; step < warmup + steps; step++) {
    training.move(step);
    for (const [name, work] of Object.entries(parts)) {
      // A layer has run since the scores were last touched, and left the caches to others.
      if (evict) forward(x, values).dispose();
      const { result, time } = timed(work);
      result.dispose();
      if (step >= warmup) times[name].push(time);
    }
  }
  tf.dispose([x, values]);
  training.dispose();
  return {
    ...Object.fromEntries(Object.entries(times).map(([name, list]) => [name, median(list)])),
    hits: memories.mask.hits / memories.mask.calls,
    weights: k * 2,
  };
}

await registerWasm({ threads: 1 });
const rows = [];
for (const backend of ['wasm', 'cpu']) {
  await tf.setBackend(backend);
  for (const given of layers) {
    const isDense = given.x.length === 2;
    const wasm = backend === 'wasm';
    const steps = wasm ? (isDense ? total - 10 : 9) : isDense ? (given.x[0] === 64 ? 9 : 3) : 1;
    const t = measure(given, {
      steps,
      warmup: wasm ? 10 : 0,
      compiled: wasm && isDense ? 200 : 0,
      evict: wasm && isDense,
    });
    const percent = (part) => Number(((100 * part) / t.forward).toFixed(2));
    rows.push({
      backend,
      layer: given.layer,
      batch: given.x[0],
      weights: t.weights,
      'forward ms': Number(t.forward.toFixed(2)),
      'product ms': Number(t.product.toFixed(3)),
      'top-k and product ms': Number(t.kept.toFixed(3)),
      'top-k adds / forward %': percent(t.kept - t.product),
      'mask alone ms': Number(t.mask.toFixed(3)),
      'mask alone / forward %': percent(t.mask),
      'mask alone, no memory / forward %': percent(t.cold),
      'foretold %': wasm ? Number((100 * t.hits).toFixed(0)) : '-',
    });
  }
}
report(
  'mask-top-k',
  "What choosing the top k adds to a masked layer's forward pass, in the order of a training step, one thread",
  rows,
);
