// How many images a second do augmentation and batching give, on 0, 1 and 2 workers? 32 x 32 x 3, batches of 128.
// The images are random bytes: what is in them costs nothing. "paper recipe" is that of the masking networks paper
// (Bai et al. 2022): random resized crop, flip, RandAugment(2, 12), colour jitter 0.2, erasing 0.2.
import { batches } from '@pleat/datasets';
import { fillBits, stream } from '@pleat/random';
import { alternate, median, report } from '../lib/measure.mjs';

const length = 6400;
const shape = [32, 32, 3];
const bytes = length * 32 * 32 * 3;
const words = fillBits(stream(0, 'images'), new Uint32Array(bytes / 4));
const split = { images: new Uint8Array(words.buffer), labels: new Uint8Array(length), length };
const normalize = { mean: [0.49, 0.48, 0.45], std: [0.25, 0.24, 0.26] };

const crop = { name: 'random-resized-crop', scale: [0.75, 1] };
const flip = { name: 'flip' };
const randAugment = { name: 'rand-augment', n: 2, magnitude: 12 };
const jitter = { name: 'color-jitter', brightness: 0.2, contrast: 0.2, saturation: 0.2 };
const hue = { name: 'color-jitter', hue: 0.1 };
const erasing = { name: 'random-erasing', p: 0.2 };
const padded = { name: 'random-crop', padding: 4 };
const recipes = {
  'normalisation alone': [],
  'padded crop': [padded],
  flip: [flip],
  'random resized crop': [crop],
  'colour jitter 0.2': [jitter],
  'hue jitter 0.1': [hue],
  'RandAugment(2, 12)': [randAugment],
  'random erasing 0.2': [erasing],
  'padded crop, flip': [padded, flip],
  'paper recipe': [crop, flip, randAugment, jitter, erasing],
};
const fullEpochs = ['padded crop, flip', 'paper recipe'];

let epoch = 0;
const busy = {};
const work = {};
const run = (name, augment, workers) => async () => {
  const before = performance.eventLoopUtilization();
  const cpu = process.cpuUsage();
  const options = { shape, batchSize: 128, epoch: epoch++, augment, normalize, workers };
  let seen = 0;
  for await (const { size } of batches(split, options)) seen += size;
  if (seen !== length) throw new Error(`${seen} of ${length} images came`);
  busy[name] ??= [];
  busy[name].push(performance.eventLoopUtilization(before).active);
  // Of all threads, workers included: what one core alone would take, whatever else runs on the machine.
  const { user, system } = process.cpuUsage(cpu);
  work[name] ??= [];
  work[name].push((user + system) / 1e6);
};
const contestants = {};
for (const [name, augment] of Object.entries(recipes)) {
  for (const workers of fullEpochs.includes(name) ? [0, 1, 2] : [0]) {
    const contestant = `${name}, ${workers} workers`;
    contestants[contestant] = run(contestant, augment, workers);
  }
}
const times = await alternate(contestants, { rounds: 5, warmup: 1 });
const rows = Object.fromEntries(
  Object.entries(times).map(([name, { median: time, min }]) => [
    name,
    {
      'images/s (median)': Math.round((length / time) * 1000),
      'images/s (best)': Math.round((length / min) * 1000),
      'images per CPU second': Math.round(length / median(work[name])),
      'calling thread busy, ms per 1,000 images': +((median(busy[name]) / length) * 1000).toFixed(
        2,
      ),
    },
  ]),
);
report(
  'datasets',
  'How many augmented 32 x 32 x 3 images a second, an epoch of 6,400 with start-up of the workers included?',
  rows,
);
