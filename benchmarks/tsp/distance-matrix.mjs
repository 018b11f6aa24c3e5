// How long do the L1 distances of 1,024 channels x 4,608 weights take, beside scipy's cdist on one core?
import { spawnSync } from 'node:child_process';
import { fillNormal, stream } from '@pleat/random';
import { distanceMatrix } from '@pleat/tsp';
import { alternate, median, processorTime, report } from '../lib/measure.mjs';

const [channels, weights, rounds] = [1024, 4608, 7];
const data = fillNormal(stream(1, 'bench/weights'), new Float32Array(channels * weights));

const scipy = `
import time, numpy
from scipy.spatial.distance import cdist
x = numpy.random.default_rng(1).standard_normal((${channels}, ${weights}))
start = time.process_time()
cdist(x, x, 'cityblock')
print(1000 * (time.process_time() - start))
`;
// PLEAT_PYTHON, else python3.
const interpreter = process.env.PLEAT_PYTHON || 'python3';
const env = { ...process.env, OMP_NUM_THREADS: '1' };
const python = () =>
  Number(spawnSync(interpreter, ['-c', scipy], { encoding: 'utf8', env }).stdout);

const present = spawnSync(interpreter, ['-c', 'import scipy']).status === 0;
const peer = [];
const run = (shape, axis) => distanceMatrix([{ data, shape, axis }]);
const times = await alternate(
  {
    'channels first': () => run([channels, weights], 0),
    'channels last': () => run([weights, channels], 1),
    ...(present && { scipy: () => void peer.push(python()) }),
  },
  { rounds, warmup: 1, clock: processorTime },
);
// The child's processor time is what it says itself.
const reference = present ? median(peer.slice(1)) : NaN;
report(
  'tsp-distance-matrix',
  "L1 distances of 1,024 channels x 4,608 weights: milliseconds of processor time, beside scipy's cdist(x, x, 'cityblock') on float64.",
  [
    ...['channels first', 'channels last'].map((name) => ({
      contestant: `@pleat/tsp, ${name}`,
      'ms (median)': times[name].median,
      'share of scipy': present ? times[name].median / reference : 'absent',
    })),
    { contestant: 'scipy', 'ms (median)': present ? reference : 'absent' },
  ],
);
