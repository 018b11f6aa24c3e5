// What does a training step of an integral model cost beside that of a plain network, and what of it is the sampling of weights?
//   node benchmarks/integral/step.mjs [torch] [wasm]      torch wants a libtorch (PLEAT_TORCH)
//   node benchmarks/integral/step.mjs --ops [wasm]        kernels that a step of tuning calls, counted by name; measures no time
import { extract, integralGroups, resize, toIntegral, tunePartitions } from '@pleat/integral';
import { nin, resNet } from '@pleat/models';
import { adam, adamw } from '@pleat/optim';
import * as tf from '@tensorflow/tfjs';
import { alternate, median, report } from '../lib/measure.mjs';
import { startEngine } from './pipelines/engine.mjs';
import { discreteTask, integralTask } from './pipelines/tasks.mjs';

const networks = {
  resnet20: () => resNet({ width: 16, seed: 0, shortcut: 'B' }),
  nin: () => nin({ width: 96, seed: 0, batchNorm: true }),
};
const batchSizes = [2, 32];

/** A share of the channels of every group, so that every weight is sampled. */
const share = 0.75;

const narrow = (integral) =>
  resize(
    integral,
    Object.fromEntries(
      integralGroups(integral).map(({ id, coefficients }) => [
        id,
        Math.round(share * coefficients),
      ]),
    ),
  );

/** One step of training: gradients and their application; `data` waits for the device. */
function stepper(task, batch) {
  const optimizer = adamw({ learningRate: 1e-5 });
  let step = 0;
  return async () => {
    const { loss, grads } = task.gradients({ ...batch, step: step++ });
    optimizer.applyGradients(grads);
    await loss.data();
    tf.dispose([loss, grads]);
  };
}

/** Milliseconds of each step of tuning, the first two left out. */
async function tuning(integral, { x, y }, steps) {
  const marks = [];
  function* batches() {
    for (let i = 0; i < steps + 2; i++) yield { x: x.clone(), y: y.clone() };
  }
  const optimizer = adam({ learningRate: 1e-4 });
  await tunePartitions(integral, batches(), {
    optimizer,
    onStep: () => marks.push(performance.now()),
  });
  optimizer.dispose();
  return median(marks.slice(2).map((mark, i) => mark - marks[i + 1]));
}

/** How often a step of tuning calls each kernel of an engine; the kinds called most come first. */
async function kernelCalls(engine, network) {
  const integral = narrow(toIntegral(networks[network](), { order: 'identity' }));
  const calls = new Map();
  let counting = false;
  const kernels = tf.getKernelsForBackend(engine).map((kernel) => {
    const own = kernel.kernelFunc;
    kernel.kernelFunc = (input) => {
      if (counting) calls.set(kernel.kernelName, (calls.get(kernel.kernelName) ?? 0) + 1);
      return own(input);
    };
    return () => {
      kernel.kernelFunc = own;
    };
  });
  function* batches() {
    for (const counted of [false, true]) {
      const x = tf.randomNormal([2, 32, 32, 3], 0, 1, 'float32', 1);
      const y = tf.randomUniform([2], 0, 10, 'int32', 2);
      counting = counted;
      yield { x, y };
    }
  }
  const optimizer = adam({ learningRate: 1e-4 });
  await tunePartitions(integral, batches(), { optimizer });
  optimizer.dispose();
  for (const restore of kernels) restore();
  tf.disposeVariables();
  const sorted = [...calls].sort((a, b) => b[1] - a[1]);
  const all = sorted.reduce((sum, [, count]) => sum + count, 0);
  return { engine, network, all, ...Object.fromEntries(sorted.slice(0, 12)) };
}

async function measure(engine, network, size) {
  const batch = {
    x: tf.randomNormal([size, 32, 32, 3], 0, 1, 'float32', 1),
    y: tf.randomUniform([size], 0, 10, 'int32', 2),
  };
  const plain = networks[network]();
  const fixed = narrow(toIntegral(plain, { order: 'identity' }));
  const narrower = extract(fixed);
  const random = toIntegral(plain, { order: 'identity' });
  const times = await alternate(
    {
      plain: stepper(discreteTask(plain), batch),
      narrower: stepper(discreteTask(narrower), batch),
      fixed: stepper(discreteTask(fixed), batch),
      random: stepper(integralTask(random, { network, seed: 0 }), batch),
    },
    { rounds: 5, warmup: 1 },
  );
  const tuned = await tuning(fixed, batch, 5);
  tf.disposeVariables();
  const ms = (value) => Number(value.toFixed(1));
  const sampling = 1 - times.narrower.median / times.fixed.median;
  return {
    ...{ engine, network, batch: size },
    'plain, ms': ms(times.plain.median),
    'plain at 3/4, ms': ms(times.narrower.median),
    'integral at 3/4, ms': ms(times.fixed.median),
    'of it sampling, %': ms(100 * sampling),
    'integral, random widths, ms': ms(times.random.median),
    'tuning at 3/4, ms': ms(tuned),
  };
}

const countOnly = process.argv.includes('--ops');
const wanted = process.argv.slice(2).filter((each) => each !== '--ops');
const rows = [];
for (const engine of ['torch', 'wasm'].filter((each) => !wanted.length || wanted.includes(each))) {
  try {
    await startEngine(engine);
  } catch (error) {
    console.log(`${engine}: left out. ${error.message}`);
    continue;
  }
  for (const network of Object.keys(networks)) {
    if (countOnly) {
      console.log(JSON.stringify(await kernelCalls(engine, network)));
      continue;
    }
    for (const size of batchSizes) rows.push(await measure(engine, network, size));
  }
}
if (!countOnly) {
  report(
    'integral-step',
    'What does a training step of an integral model cost beside the plain network, one thread, in milliseconds (CIFAR shapes)?',
    rows,
  );
}
