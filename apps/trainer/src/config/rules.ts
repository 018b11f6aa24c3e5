import type { TrainConfig, TrainKey } from './schema.ts';

/** An option that means something only beside certain others. */
interface Rule {
  keys: TrainKey[];
  applies: (config: TrainConfig) => boolean;
  needs: string;
}

const masked = (config: TrainConfig) => config.method === 'mask';

const pruning = ({ method }: TrainConfig) => method === 'prune' || method === 'lottery';

const integral = ({ method }: TrainConfig) => method === 'integral';

/** Learners that are told a share. */
const sharing: ReadonlySet<string> = new Set([
  'edge-popup',
  'threshold',
  'ternary',
  'learned-keep',
]);

/** Which options apply when; the others are refused when given and left out of the resolved configuration. */
export const rules: Rule[] = [
  {
    keys: ['strategy', 'distribution', 'rescale', 'learner'],
    applies: masked,
    needs: '--method mask',
  },
  {
    // Of a signed constant, signed masks read one magnitude a layer: which value goes where says nothing.
    keys: ['ratio', 'offset'],
    applies: (config) =>
      !masked(config) || config.learner !== 'signed' || config.distribution !== 'signed-constant',
    needs: 'another --learner than signed or another --distribution than signed-constant',
  },
  {
    keys: ['ratio', 'offset'],
    applies: (config) => masked(config) && config.strategy === 'random-vector',
    needs: '--method mask --strategy random-vector',
  },
  {
    keys: ['keep'],
    applies: (config) => masked(config) && sharing.has(config.learner),
    needs: `--method mask and --learner ${[...sharing].join(', ')}`,
  },
  {
    keys: ['cut'],
    applies: (config) => masked(config) && config.learner === 'ternary',
    needs: '--method mask --learner ternary',
  },
  {
    keys: ['scope'],
    applies: (config) =>
      pruning(config) ||
      (masked(config) &&
        (config.learner === 'edge-popup' ||
          config.learner === 'learned-keep' ||
          (config.learner === 'ternary' && config.cut === 'keep'))),
    needs:
      '--learner edge-popup or learned-keep, --learner ternary --cut keep, --method prune or --method lottery',
  },
  {
    keys: ['maskTemperature'],
    applies: (config) => masked(config) && config.learner === 'supermask',
    needs: '--method mask --learner supermask',
  },
  {
    keys: ['scoreNoise'],
    applies: (config) => masked(config) && config.scope !== 'global',
    needs: '--method mask and --scope layer',
  },
  {
    keys: [
      'bitPrice',
      'frozenKept',
      'frozenDropped',
      'fold',
      'scales',
      'affineNorms',
      'scoreDecay',
    ],
    applies: masked,
    needs: '--method mask',
  },
  {
    keys: ['distillWeight', 'temperature'],
    applies: ({ teacher }) => teacher !== undefined,
    needs: '--teacher',
  },
  { keys: ['compression', 'kept'], applies: pruning, needs: '--method prune or --method lottery' },
  {
    keys: ['criterion', 'fineTune'],
    applies: ({ method }) => method === 'prune',
    needs: '--method prune',
  },
  {
    keys: ['rounds', 'rewind', 'reinit'],
    applies: ({ method }) => method === 'lottery',
    needs: '--method lottery',
  },
  {
    keys: ['estimator'],
    applies: ({ method }) => method === 'binary' || method === 'ternary',
    needs: '--method binary or --method ternary',
  },
  {
    keys: ['balance'],
    applies: ({ method }) => method === 'binary',
    needs: '--method binary',
  },
  {
    keys: ['order', 'minWidth', 'widthDistribution', 'widthDraw', 'jitter', 'sandwich'],
    applies: integral,
    needs: '--method integral',
  },
  {
    keys: ['selfDistill'],
    applies: (config) => integral(config) && config.sandwich,
    needs: '--method integral --sandwich',
  },
  {
    keys: ['from'],
    applies: ({ method }) => method === 'dense' || method === 'integral',
    needs: '--method dense or --method integral',
  },
  {
    // What the model is, its file says.
    keys: [
      'model',
      'dim',
      'depth',
      'width',
      'batchNorm',
      'kernelSize',
      'patchSize',
      'heads',
      'mlpRatio',
    ],
    applies: ({ from }) => from === undefined,
    needs: 'a new model, without --from',
  },
  {
    keys: ['dim', 'depth', 'patchSize'],
    applies: ({ model }) => model === 'convmixer' || model === 'vit',
    needs: '--model convmixer or --model vit',
  },
  {
    keys: ['width'],
    applies: ({ model }) => model !== 'convmixer' && model !== 'vit',
    needs: 'a ResNet, a VGG or --model nin',
  },
  { keys: ['batchNorm'], applies: ({ model }) => model === 'nin', needs: '--model nin' },
  {
    keys: ['kernelSize'],
    applies: ({ model }) => model === 'convmixer',
    needs: '--model convmixer',
  },
  { keys: ['heads', 'mlpRatio'], applies: ({ model }) => model === 'vit', needs: '--model vit' },
  {
    keys: ['momentum', 'nesterov'],
    applies: ({ optimizer }) => optimizer === 'sgd',
    needs: '--optimizer sgd',
  },
  {
    keys: ['warmup'],
    applies: ({ schedule }) => schedule === 'cosine',
    needs: '--schedule cosine',
  },
];

/** Options whose value may change when a run goes on: they decide no bit of its result. */
const freeOnResume: ReadonlySet<string> = new Set<TrainKey>([
  'out',
  'data',
  'download',
  'threads',
  'workers',
  'checkpointEvery',
]);

/** Engines whose sums come out the same on any number of threads; the others split them by thread. */
const sameOnAnyThreads: ReadonlySet<unknown> = new Set(['wasm', 'cpu']);

/**
 * Says whether an option may change when a run goes on.
 *
 * @param engine the engine of the run
 */
export function mayChange(key: string, engine: unknown): boolean {
  return freeOnResume.has(key) && (key !== 'threads' || sameOnAnyThreads.has(engine));
}
