// One contender of our own: trains a model one step for each empty line it reads, and answers each with a line of JSON.
// A line of other options makes it another contender, on the same engine.
// usage: node pleat.mjs '{"case": {...}, "form": "dense", "mode": "wasm", "threads": 2, ...}'
// A process of its own for each engine: thread pools and kernel registries do not meet.
import { createInterface } from 'node:readline';
import { convMixer, resNet, vit } from '@pleat/models';
import { softmaxCrossEntropy } from '@pleat/ops';
import { adamw, frugalGrads } from '@pleat/optim';
import * as tf from '@tensorflow/tfjs';

const write = process.stdout.write.bind(process.stdout);
const answer = (fields) => write(`${JSON.stringify(fields)}\n`);
// Whatever a library prints must not end up between the answers.
process.stdout.write = process.stderr.write.bind(process.stderr);

/** Engine name -> registers it and says what runs; a failure to do so makes the contender absent. */
const engines = {
  async wasm({ threads }) {
    const { registerWasm } = await import('@pleat/backend-wasm');
    const info = await registerWasm({ threads });
    return `tfjs wasm, ${info.threads} threads`;
  },
  async torch({ threads, device, precision = 'float32' }) {
    const { registerTorch } = await import('@pleat/backend-torch');
    const place = device === 'cpu' ? 'cpu' : 'cuda:0';
    const info = await registerTorch({ threads, device: place, precision });
    return `libtorch ${info.version} on ${info.device}`;
  },
  async tensorflow({ threads, device }) {
    const { registerTensorflow } = await import('@pleat/backend-cuda');
    const info = await registerTensorflow({ threads });
    if (info.gpu !== (device !== 'cpu')) {
      throw new Error(`${info.package} computes on ${info.gpu ? 'a GPU' : 'the processor'} here`);
    }
    return `${info.package.split('/')[1]} on TensorFlow ${info.tensorflow}`;
  },
};

function build({ kind, dim, depth, kernel, patch, heads }) {
  const sizes = { dim, depth, patchSize: patch };
  if (kind === 'convmixer') return convMixer({ ...sizes, kernelSize: kernel });
  return kind === 'vit' ? vit({ ...sizes, heads }) : resNet({ depth });
}

async function contender(options) {
  const { form, mode, keep, learningRate, rehearsals = 0, profile = false } = options;
  // What an earlier contender held goes; an engine that is registered anew takes its tensors with it.
  tf.disposeVariables();
  await tf.setBackend('cpu');
  const ready = await engines[mode](options);
  await tf.setBackend(mode);
  await tf.ready();
  let model = build(options.case);
  if (form === 'masked') {
    const { maskModel } = await import('@pleat/mask');
    model = maskModel(model, { learner: { name: 'edge-popup', keep } });
  }
  const { batch } = options.case;
  const optimizer = adamw({ learningRate });
  const x = tf.randomNormal([batch, 32, 32, 3], 0, 1, 'float32', 7);
  const classes = Array.from({ length: batch }, (_, index) => index % 10);
  const labels = tf.tensor1d(classes, 'int32');
  const variables = model.trainableWeights.map((weight) => weight.read());
  const stepOn = (images, numbers) => {
    const compute = () => softmaxCrossEntropy(numbers, model.apply(images, { training: true }));
    const { value: loss, grads } = frugalGrads(compute, variables);
    optimizer.applyGradients(grads);
    const asked = performance.now();
    const [value] = loss.dataSync();
    tf.dispose([loss, grads]);
    return { loss: value, asked };
  };
  // V8 compiles what runs often: a training of thousands of steps is fast after some dozens, whatever their batch.
  const [one, number] = [x.slice([0], [1]), labels.slice([0], [1])];
  for (let i = 0; i < rehearsals; i++) stepOn(one, number);
  tf.dispose([one, number]);
  const step = profile ? await profiled(() => stepOn(x, labels)) : () => stepOn(x, labels);
  step();
  const trained = model.trainableWeights.reduce((sum, { shape }) => sum + size(shape), 0);
  return { step, ready, trained };
}

/** The same step, which also says what each function of libtorch took. */
async function profiled(step) {
  const { profileTorch } = await import('@pleat/backend-torch');
  return () => {
    let taken;
    const { calls } = profileTorch(() => {
      taken = step();
    });
    return { ...taken, calls };
  };
}

const size = (shape) => shape.reduce((product, length) => product * length, 1);

/** Builds the model and trains one step; answers what runs, or why nothing does. */
async function begin(options) {
  try {
    const { step, ready, trained } = await contender(options);
    answer({ ready, trained });
    return step;
  } catch (error) {
    // The rest of that message is paths of this machine.
    const missing =
      /^Cannot find (?:package|module) '(?:.*node_modules\/)?((?:@[^/]+\/)?[^/']+)/.exec(
        error.message,
      )?.[1];
    answer({ absent: missing ? `${missing} is not there` : error.message.split('\n')[0] });
  }
}

const first = JSON.parse(process.argv[2]);
const { collectEvery = Infinity } = first;
let step = await begin(first);
let steps = 0;
for await (const line of createInterface({ input: process.stdin })) {
  if (line !== '') {
    step = await begin(JSON.parse(line));
    continue;
  }
  const start = performance.now();
  const { loss, asked, calls } = step();
  const ms = performance.now() - start;
  if (++steps % collectEvery === 0) globalThis.gc();
  answer({
    ms,
    askedMs: asked - start,
    loss,
    peakMb: process.resourceUsage().maxRSS / 1024,
    calls,
  });
}
