// What does choosing the top k scores add to a masked layer's forward pass? Each layer has 64 k weights or more.
import { registerWasm } from '@pleat/backend-wasm';
import { topKMask } from '@pleat/ops';
import * as tf from '@tensorflow/tfjs';
import { alternate, processorTime, report } from '../lib/measure.mjs';

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

await registerWasm({ threads: 1 });
const rows = [];
for (const backend of ['wasm', 'cpu']) {
  await tf.setBackend(backend);
  for (const { layer, x: xShape, kernel: shape } of layers) {
    const x = tf.randomNormal(xShape);
    const kernel = tf.randomNormal(shape);
    const scores = tf.randomNormal(shape);
    // A short op is repeated so that a turn is well above the clock's grain. Both backends compute at once, so
    // nothing is read back: a step never reads a mask, and copying it would be timed as selection.
    const repeats = x.rank === 2 ? 20 : 1;
    const repeated = (work, times) => () => {
      for (let i = 0; i < times; i++) tf.tidy(() => void work());
    };
    const slow = backend === 'cpu' && x.rank === 4;
    const times = await alternate(
      {
        forward: repeated(() => forward(x, kernel), repeats),
        select: repeated(() => topKMask(scores, scores.size / 2), 20),
      },
      { rounds: slow ? 1 : 7, warmup: slow ? 0 : 2, clock: processorTime },
    );
    const forwardMs = times.forward.median / repeats;
    const selectMs = times.select.median / 20;
    rows.push({
      backend,
      layer,
      batch: xShape[0],
      weights: scores.size,
      'forward ms': Number(forwardMs.toFixed(2)),
      'top-k ms': Number(selectMs.toFixed(2)),
      'top-k / forward %': Number(((100 * selectMs) / forwardMs).toFixed(2)),
    });
    tf.dispose([x, kernel, scores]);
  }
}
report(
  'mask-top-k',
  "Exact top-k of the scores beside the layer's forward pass, one thread, processor time",
  rows,
);
