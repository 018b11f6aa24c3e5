// What does each part of a model's file cost? Masks are at their start (keep 0.5 costs the most there is). Norms and biases start
// as vectors of one value, which a file stores for nothing: they get values that differ, as training gives them.
import { encodeModel, inspectModel, maskModel } from '@pleat/mask';
import { createModel } from '@pleat/models';
import * as tf from '@tensorflow/tfjs';
import { report } from '../lib/measure.mjs';

await tf.setBackend('cpu');
const classes = [
  'airplane',
  'automobile',
  'bird',
  'cat',
  'deer',
  'dog',
  'frog',
  'horse',
  'ship',
  'truck',
];
const models = {
  'ConvMixer 64/4': ['convmixer', { dim: 64, depth: 4 }],
  'ConvMixer 256/6': ['convmixer', { dim: 256, depth: 6 }],
  'ViT 256/6': ['vit', { dim: 256, depth: 6, heads: 4 }],
  'ResNet-20': ['resnet20', {}],
};
const learners = {
  signed: { name: 'signed' },
  'keep 0.5': { name: 'edge-popup', keep: 0.5 },
  'keep 0.1': { name: 'edge-popup', keep: 0.1 },
};

/** Moves every weight whose values are all alike, by seeded noise. */
function stir(model) {
  model.weights.forEach((weight, i) => {
    const value = weight.read();
    const values = value.dataSync();
    if (!values.every((one) => one === values[0])) return;
    tf.tidy(() => weight.write(value.add(tf.randomUniform(value.shape, 0, 0.1, 'float32', i + 1))));
  });
}

const rows = [];
for (const [model, [name, options]] of Object.entries(models)) {
  for (const [learner, chosen] of Object.entries(learners)) {
    for (const tensors of learner === 'keep 0.5' ? ['float32', 'float16', 'uint8'] : ['float32']) {
      const masked = maskModel(
        createModel(name, { inputShape: [32, 32, 3], classes: 10, ...options }),
        { learner: chosen },
      );
      stir(masked);
      const file = inspectModel(await encodeModel(masked, { tensors, metadata: { classes } }));
      const bytes = (kind) =>
        file.sections.filter((s) => s.kind === kind).reduce((sum, s) => sum + s.bytes, 0);
      const named = (prefix) =>
        file.sections.filter((s) => s.name.startsWith(prefix)).reduce((sum, s) => sum + s.bytes, 0);
      rows.push({
        model,
        learner,
        'other weights as': tensors,
        'file bytes': file.fileBytes,
        'header and description': file.headerBytes + named('model'),
        masks: named('masks/'),
        'other weights': bytes('tensor'),
        'float32 bytes': file.float32Bytes,
        'paper %': Number((100 * file.paperRatio).toFixed(2)),
        'true %': Number((100 * file.trueRatio).toFixed(2)),
      });
      masked.dispose();
    }
  }
}
report(
  'mask-size',
  'Bytes of a file by part; the compression the paper counts and the true one',
  rows,
);
