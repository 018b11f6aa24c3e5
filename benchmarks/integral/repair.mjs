// How much of what resampling loses does each repair bring back? A small convolutional network on the shipped Fashion-MNIST images,
// read at fewer channels, scored on validation images that nothing was fitted to.
//   node benchmarks/integral/repair.mjs [--seeds 3] [--epochs 6] [--batches 8]
import { parseArgs } from 'node:util';
import {
  compressionOf,
  extract,
  fitLeastSquares,
  integralGroups,
  recalibrate,
  rescale,
  resize,
  toIntegral,
} from '@pleat/integral';
import { accuracy, loadImages, startEngine, trained, unlabelled } from '../lib/fashion.mjs';
import { report } from '../lib/measure.mjs';

const { values } = parseArgs({
  options: {
    seeds: { type: 'string', default: '3' },
    epochs: { type: 'string', default: '6' },
    batches: { type: 'string', default: '8' },
  },
});
const [seeds, epochs, few] = [values.seeds, values.epochs, values.batches].map(Number);
const engine = await startEngine();
const { train, validation } = await loadImages();
const images = (seed) => unlabelled(train, 77 + seed, few);

const repairs = {
  none: async () => {},
  rescale: async (plain, integral) => void rescale(plain, integral),
  statistics: async (plain, _, seed) => void (await recalibrate(plain, images(seed))),
  'rescale, statistics': async (plain, integral, seed) => {
    rescale(plain, integral);
    await recalibrate(plain, images(seed));
  },
  'least squares': async (plain, integral, seed) => {
    await fitLeastSquares(plain, integral, images(seed));
  },
};

const sums = new Map();
for (let seed = 1; seed <= seeds; seed++) {
  const model = trained(train, seed, epochs);
  const whole = accuracy(model, validation);
  console.log(`seed ${seed}: ${whole.toFixed(2)} % with all channels (${engine})`);
  for (const batchNorm of ['keep', 'fold']) {
    const integral = toIntegral(model, { batchNorm });
    for (const league of ['last two layers', 'all layers']) {
      for (const share of [0.9, 0.75, 0.5]) {
        const groups = integralGroups(integral).slice(league === 'all layers' ? 0 : 2);
        resize(
          integral,
          Object.fromEntries(
            integralGroups(integral).map(({ id, coefficients }) => {
              const kept = groups.some((group) => group.id === id) ? share : 1;
              return [id, Math.round(kept * coefficients)];
            }),
          ),
        );
        const key = `${batchNorm} ${league} ${share}`;
        const row = sums.get(key) ?? {
          'batch norm': batchNorm,
          league,
          'channels kept': share,
          'parameters removed': compressionOf(integral).compression,
          seeds,
          whole: 0,
        };
        row.whole += whole / seeds;
        for (const [name, repair] of Object.entries(repairs)) {
          if (batchNorm === 'fold' && name.includes('statistics')) continue;
          const plain = extract(integral);
          await repair(plain, integral, seed);
          row[name] = (row[name] ?? 0) + accuracy(plain, validation) / seeds;
          plain.dispose();
        }
        sums.set(key, row);
      }
    }
    integral.dispose();
  }
  model.dispose();
}
const rounded = (value) => (typeof value === 'number' ? Number(value.toFixed(3)) : value);
report(
  'integral-repair',
  `How much of what resampling loses does each repair bring back, without fine-tuning (per cent of ${validation.length} validation images of Fashion-MNIST, mean over seeds; ${few} batches of 64 unlabelled training images)?`,
  [...sums.values()].map((row) =>
    Object.fromEntries(Object.entries(row).map(([name, value]) => [name, rounded(value)])),
  ),
);
