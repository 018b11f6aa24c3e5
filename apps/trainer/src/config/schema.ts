import { z } from 'zod';
import { augmentationSchema } from './augmentation.ts';

const count = () => z.int().min(1);
const share = () => z.number().gt(0).lt(1);
const positive = () => z.number().gt(0);

/** Learning-rate schedules `--schedule` knows. */
const scheduleNames = ['triangular', 'cosine', 'linear', 'one-cycle', 'step', 'constant'] as const;

/** Engines `--engine` knows, besides `auto`. */
export const engineNames = ['cuda', 'torch', 'tensorflow', 'wasm', 'cpu'] as const;

/** Models `--model` knows: those of `@pleat/models`. */
export const modelNames = [
  'convmixer',
  'vit',
  'resnet20',
  'resnet32',
  'resnet44',
  'resnet56',
  'resnet110',
  'resnet18',
  'nin',
  'vgg11',
  'vgg13',
  'vgg16',
  'vgg19',
] as const;

/** Data sets `--dataset` knows: those of `@pleat/datasets`. */
export const datasetNames = [
  'fashion-mnist-subset',
  'fashion-mnist',
  'mnist',
  'cifar10',
  'cifar100',
  'digits',
] as const;

/** Every option of `pleat train`: what it is, which values it takes, its default. */
export const trainSchema = z.strictObject({
  model: z.enum(modelNames).default('convmixer').describe('model to train'),
  dim: count().optional().describe('channels of a ConvMixer, embedding width of a ViT'),
  depth: count().optional().describe('blocks of a ConvMixer or ViT'),
  width: count()
    .optional()
    .describe("channels of the first stage of a ResNet, VGG or NIN (default: the paper's)"),
  batchNorm: z.boolean().default(true).describe('batch norms in a NIN'),
  kernelSize: count().optional().describe('depthwise kernel of a ConvMixer'),
  patchSize: count().optional().describe('patch of a ConvMixer or ViT, in pixels'),
  heads: count().optional().describe('attention heads of a ViT'),
  mlpRatio: positive().optional().describe('hidden width of a ViT block over its width'),

  dataset: z.enum(datasetNames).default('fashion-mnist-subset').describe('data set to train on'),
  data: z
    .string()
    .optional()
    .describe('folder that holds the data (else PLEAT_DATA, else the cache)'),
  download: z.boolean().default(true).describe('fetch a data set that is not on this machine'),
  validation: z
    .union([z.number().min(0).lt(1), z.int().min(1)])
    .default(0.1)
    .describe('held-out part of the training images: a share below 1 or a count'),
  holdOut: z
    .enum(['drawn', 'last'])
    .default('drawn')
    .describe('which are held out: drawn by the seed, classes in their share, or the last ones'),
  limit: count().optional().describe('train on the first N images only'),
  augmentation: augmentationSchema
    .default('none')
    .describe('preset (none, flip, flip-crop, paper) or a list of steps'),

  method: z
    .enum(['dense', 'mask', 'prune', 'lottery', 'binary', 'ternary', 'integral'])
    .default('mask')
    .describe(
      'train weights, masks over random weights, pruned weights, lottery tickets, weights of one or two bits, or a network of any width',
    ),
  strategy: z
    .enum(['full', 'one-layer', 'max-layer', 'random-vector'])
    .default('random-vector')
    .describe('how the prototype fills the layers'),
  ratio: positive()
    .max(1)
    .default(0.01)
    .describe('length of the random vector over the largest layer'),
  distribution: z
    .enum(['kaiming-normal', 'kaiming-uniform', 'signed-constant', 'normal', 'uniform'])
    .optional()
    .describe(
      'distribution of the prototype (default: kaiming-normal for signed and ternary masks, else signed-constant)',
    ),
  offset: z
    .enum(['zero', 'running', 'hashed'])
    .default('running')
    .describe('where in the vector a layer starts (the paper: zero)'),
  rescale: z
    .enum(['none', 'fan-in'])
    .default('fan-in')
    .describe("scale a layer's values to its own fan-in (the paper: none)"),
  learner: z
    .enum(['signed', 'edge-popup', 'supermask', 'threshold', 'ternary', 'learned-keep'])
    .default('signed')
    .describe('how masks are learned'),
  keep: share()
    .default(0.5)
    .describe('share of the weights that is kept (threshold, learned-keep: when training starts)'),
  scope: z
    .enum(['layer', 'global'])
    .default('layer')
    .describe('a share (of edge-popup, ternary, pruning) is meant per layer or over all layers'),
  cut: z
    .enum(['keep', 'fixed', 'learned'])
    .default('keep')
    .describe(
      'ternary masks are 0 below: what leaves the share, a threshold, one each layer learns',
    ),
  maskTemperature: positive()
    .default(0.1)
    .describe('divides the scores of supermask before its sigmoid'),
  scoreNoise: z
    .number()
    .min(0)
    .default(0)
    .describe('noise on scores, a share of their first width, falling to 0 over the run'),
  bitPrice: z
    .number()
    .min(0)
    .default(0)
    .describe('loss added for each bit that a weight of the masks takes in the file'),
  frozenKept: z
    .number()
    .min(0)
    .lt(1)
    .default(0)
    .describe('share of the weights that the seed keeps: not learned, not stored'),
  frozenDropped: z
    .number()
    .min(0)
    .lt(1)
    .default(0)
    .describe('share of the weights that the seed drops: not learned, not stored'),
  fold: count()
    .default(1)
    .describe('kernels of equal shape, one after the other, that share a mask'),
  scales: z
    .enum(['none', 'layer', 'channel'])
    .default('none')
    .describe('trained factors of masked kernels, stored as float16'),

  affineNorms: z
    .boolean()
    .default(true)
    .describe('batch norms of a masked model have a trained scale and shift'),

  compression: share().default(0.9).describe("share of the kernels' weights that is pruned"),
  criterion: z
    .enum(['magnitude', 'random'])
    .default('magnitude')
    .describe('which weights are pruned'),
  fineTune: count().optional().describe('epochs after pruning (default: half of --epochs)'),
  rounds: count().default(4).describe('prunings on the way to a lottery ticket'),
  rewind: z
    .int()
    .min(0)
    .default(0)
    .describe('epoch of the first round whose weights a ticket goes back to; 0 is the start'),
  reinit: z
    .boolean()
    .default(false)
    .describe('begin the last round from new random weights: the control of lottery tickets'),
  kept: z
    .enum(['float32', 'float16', 'uint8', 'uint4'])
    .default('float32')
    .describe('coding of the weights that pruning keeps'),
  estimator: z
    .enum(['straight', 'error-decay'])
    .default('straight')
    .describe("gradient of the sign in binary and ternary weights (error-decay: IR-Net's)"),
  balance: z
    .boolean()
    .default(false)
    .describe("binary weights are signs around their filter's mean (IR-Net)"),

  from: z
    .string()
    .optional()
    .describe('trained model to begin from: a .pleat file (integral or not) or tfjs model folder'),
  order: z
    .enum(['tsp', 'identity', 'random'])
    .optional()
    .describe(
      'order of the channels of an integral network (default: tsp with --from, else identity)',
    ),
  minWidth: positive()
    .max(1)
    .default(0.5)
    .describe('smallest share of the channels that an integral network is trained at'),
  widthDistribution: z
    .enum(['uniform', 'half-normal'])
    .default('uniform')
    .describe('how random widths are distributed (half-normal: large ones more often)'),
  widthDraw: z
    .enum(['group', 'model'])
    .default('group')
    .describe('each group of channels draws a width of its own, or all the same share'),
  jitter: z
    .number()
    .min(0)
    .max(1)
    .default(0)
    .describe('how far sampled places move at random, a share of the way to their neighbours'),
  sandwich: z
    .boolean()
    .default(false)
    .describe('train at the largest and the smallest width in every step, beside a random one'),
  selfDistill: z
    .boolean()
    .default(false)
    .describe('narrower widths learn what the largest width of the step says, not the labels'),

  teacher: z
    .string()
    .optional()
    .describe('.pleat file or tfjs model folder of a trained model to learn from'),
  distillWeight: share()
    .default(0.5)
    .describe("the teacher's part of the loss, the labels have the rest"),
  temperature: positive().default(4).describe("divides both models' logits when they are compared"),

  optimizer: z.enum(['adamw', 'sgd']).default('adamw').describe('optimiser'),
  learningRate: positive().optional().describe('peak learning rate'),
  weightDecay: z
    .number()
    .min(0)
    .default(0.005)
    .describe('decoupled (adamw) or added (sgd) weight decay'),
  scoreDecay: z.boolean().default(true).describe('let weight decay act on scores of masks'),
  momentum: z.number().min(0).lt(1).default(0.9).describe('momentum of sgd'),
  nesterov: z.boolean().default(false).describe("Nesterov's momentum for sgd"),
  schedule: z
    .enum(scheduleNames)
    .default('triangular')
    .describe(
      "learning rate over the run (triangular is the paper's: up to 40 %, low at 80 %, 0 at the end)",
    ),
  warmup: z
    .number()
    .min(0)
    .lt(1)
    .default(0.05)
    .describe('share of the run that a cosine schedule warms up'),
  epochs: count().default(10).describe('passes over the training images'),
  batch: count().default(64).describe('images a step'),
  labelSmoothing: z.number().min(0).lt(1).default(0).describe('label smoothing'),
  select: z
    .enum(['best', 'last'])
    .default('best')
    .describe('weights that are kept: of the best epoch on the validation split, or of the last'),
  seed: z.int().min(0).default(0).describe('seed of everything random'),

  engine: z
    .enum(['auto', ...engineNames])
    .default('auto')
    .describe('what computes'),
  threads: z
    .union([z.literal('auto'), count()])
    .default('auto')
    .describe('threads of the engine'),
  workers: z
    .int()
    .min(0)
    .default(1)
    .describe('worker threads that prepare batches; 0 prepares them in line'),

  checkpointEvery: count()
    .default(100)
    .describe('steps between checkpoints (one more after each epoch)'),
  logEvery: count().default(10).describe('steps between lines of metrics.jsonl'),
  tensors: z
    .enum(['float32', 'float16', 'uint8'])
    .default('float32')
    .describe('coding of what is not a mask in the .pleat file'),
  norms: z
    .enum(['keep', 'fold', 'recompute'])
    .default('keep')
    .describe(
      'batch norms in the .pleat file: four vectors, folded into two, or two without statistics, which readers compute from training images',
    ),
  out: z.string().optional().describe('folder of the run (default: runs/DATASET-MODEL-METHOD)'),
});

/** The resolved options of a run; what does not apply to it is absent. */
export type TrainConfig = z.infer<typeof trainSchema>;

/** The name of an option, as a configuration file spells it. */
export type TrainKey = keyof TrainConfig;

/** What the command line needs to know of one option. */
export interface OptionInfo {
  key: string;
  flag: string;
  description: string;
  type: 'number' | 'boolean' | 'string' | 'number-or-word' | 'json-or-word';
  choices?: string[];
  default?: unknown;
}

interface JsonSchemaNode {
  type?: string;
  enum?: string[];
  anyOf?: JsonSchemaNode[];
  default?: unknown;
  description?: string;
}

function typeOf(node: JsonSchemaNode): OptionInfo['type'] {
  if (node.anyOf) {
    if (node.anyOf.some(({ type }) => type === 'array')) return 'json-or-word';
    return node.anyOf.some(({ type }) => type === 'string') ? 'number-or-word' : 'number';
  }
  if (node.type === 'integer' || node.type === 'number') return 'number';
  return node.type === 'boolean' ? 'boolean' : 'string';
}

/** The flag of an option: `learningRate` is `--learning-rate`. */
export function flagOf(key: string): string {
  return `--${key.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
}

/** Every option of `pleat train` in the order of the schema. */
export function trainOptions(): OptionInfo[] {
  const { properties } = z.toJSONSchema(trainSchema, { io: 'input' });
  return Object.entries(properties as Record<string, JsonSchemaNode>).map(([key, node]) => ({
    key,
    flag: flagOf(key),
    description: node.description ?? '',
    type: typeOf(node),
    ...(node.enum && { choices: node.enum }),
    ...(node.default !== undefined && { default: node.default }),
  }));
}
