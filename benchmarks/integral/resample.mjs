// What does it cost to read a ResNet-18 at another width? From coefficients in memory to a plain model with its weights set.
import { extract, integralGroups, resize, toIntegral } from '@pleat/integral';
import { resNet18 } from '@pleat/models';
import * as tf from '@tensorflow/tfjs';
import { alternate, report } from '../lib/measure.mjs';

await tf.setBackend('cpu');
const integral = toIntegral(resNet18({ width: 64 }), { order: 'identity' });
const groups = integralGroups(integral);
const rows = [];
for (const share of [0.25, 0.5, 0.75, 0.9]) {
  const sizes = Object.fromEntries(
    groups.map(({ id, coefficients }) => [id, Math.round(share * coefficients)]),
  );
  const { extracted } = await alternate({
    extracted: () => {
      const plain = extract(resize(integral, sizes));
      plain.dispose();
    },
  });
  rows.push({
    'channels kept': share,
    milliseconds: Number(extracted.median.toFixed(1)),
    least: Number(extracted.min.toFixed(1)),
  });
}
report(
  'integral-resample',
  'What does sampling a ResNet-18 (11.2 M weights, CIFAR form) at another width cost, in milliseconds?',
  rows,
);
