import type { Device } from './device.ts';
import { Engine } from './engine.ts';
import type { Argument, Handle } from './ffi/dispatch.ts';
import type { Library } from './ffi/library.ts';
import { type OpName, signatures } from './ffi/signatures.ts';

/** Small tensors that ops are tried on. */
interface Samples {
  float: Handle;
  flag: Handle;
  index: Handle;
  step: Handle;
  channel: Handle;
  image: Handle;
  filter: Handle;
  solid: Handle;
  heads: Handle;
  logSum: Handle;
  row: Handle;
  rowMean: Handle;
  complex: Handle;
  half2d: Handle;
  half3d: Handle;
  place2d: Handle;
  place3d: Handle;
}

function samplesOf(engine: Engine): Samples {
  const full = (...shape: number[]) => engine.full(shape, 0.5, 'float32');
  const image = full(1, 2, 4, 4);
  const solid = full(1, 2, 4, 4, 4);
  const largest = (op: OpName, x: Handle, dims: number) => {
    const [two, zero, one] = [2, 0, 1].map((value) => new Array<number>(dims).fill(value));
    return engine.ops(op, x, two!, two!, zero!, one!, false)[1]!;
  };
  const float = full(2, 3);
  return {
    float,
    flag: engine.full([2, 3], 1, 'bool'),
    index: engine.full([2], 1, 'int64'),
    step: engine.full([], 1, 'float32'),
    channel: full(2),
    image,
    filter: full(2, 2, 3, 3),
    solid,
    heads: full(1, 2, 3, 4),
    logSum: full(1, 2, 3),
    row: full(3),
    rowMean: full(2, 1),
    complex: engine.op('aten::complex', float, float),
    half2d: full(1, 2, 2, 2),
    half3d: full(1, 2, 2, 2, 2),
    place2d: largest('aten::max_pool2d_with_indices', image, 2),
    place3d: largest('aten::max_pool3d_with_indices', solid, 3),
  };
}

const pool2d: Argument[] = [
  [2, 2],
  [2, 2],
  [0, 0],
];
const pool3d: Argument[] = [
  [2, 2, 2],
  [2, 2, 2],
  [0, 0, 0],
];
const window: Argument[] = [[1, 1], [1, 1], [1, 1], false, [0, 0], 1];
const all = [true, true, true];

const adam = (s: Samples): Argument[] => [
  ...[[s.float], [s.float], [s.float], [s.float], [], [s.step]],
  ...[0.1, 0.9, 0.99, 0, 1e-8, false, false, null, null],
];

/** Arguments of the ops for which those of their kinds alone do not make sense together. */
const calls: { [op in OpName]?: (s: Samples) => Argument[] } = {
  'aten::_fft_c2c': (s) => [s.complex, [1], 0, true],
  'aten::_fused_adam_': adam,
  'aten::_fused_adamw_': adam,
  'aten::_fused_sgd_': (s) => [
    ...[[s.float], [s.float], [s.float]],
    ...[0, 0.9, 0.1, 0, false, false, false, null, null],
  ],
  'aten::_scaled_dot_product_flash_attention_for_cpu': (s) => [
    ...[s.heads, s.heads, s.heads, 0, false, null, 0.5],
  ],
  'aten::_scaled_dot_product_flash_attention_for_cpu_backward': (s) => [
    ...[s.heads, s.heads, s.heads, s.heads, s.heads, s.logSum, 0, false, null, 0.5],
  ],
  'aten::avg_pool2d': (s) => [s.image, ...pool2d, false, true, 1],
  'aten::avg_pool2d_backward': (s) => [
    ...[s.image, s.image, [1, 1], [1, 1], [0, 0], false, true, 1],
  ],
  'aten::avg_pool3d': (s) => [s.solid, ...pool3d, false, true, 1],
  'aten::avg_pool3d_backward': (s) => [
    ...[s.solid, s.solid, [1, 1, 1], [1, 1, 1], [0, 0, 0], false, true, 1],
  ],
  'aten::bitwise_and.Tensor': (s) => [s.index, s.index],
  'aten::clamp.Tensor': (s) => [s.float, s.float, s.float],
  'aten::convolution': (s) => [s.image, s.filter, s.channel, ...window],
  'aten::convolution_backward': (s) => [s.image, s.image, s.filter, null, ...window, all],
  'aten::diag_embed': (s) => [s.float, 0, 0, 1],
  'aten::expand': (s) => [s.step, [2, 3], false],
  'aten::gelu': (s) => [s.float, 'tanh'],
  'aten::gelu_backward': (s) => [s.float, s.float, 'none'],
  'aten::index_put': (s) => [s.channel, [s.index], s.channel, true],
  'aten::index_select': (s) => [s.float, 0, s.index],
  'aten::kthvalue': (s) => [s.float, 1, 0, false],
  'aten::matmul': (s) => [s.image, s.image],
  'aten::max_pool2d_with_indices': (s) => [s.image, ...pool2d, [1, 1], false],
  'aten::max_pool2d_with_indices_backward': (s) => [
    ...[s.half2d, s.image, ...pool2d, [1, 1], false, s.place2d],
  ],
  'aten::max_pool3d_with_indices': (s) => [s.solid, ...pool3d, [1, 1, 1], false],
  'aten::max_pool3d_with_indices_backward': (s) => [
    ...[s.half3d, s.solid, ...pool3d, [1, 1, 1], false, s.place3d],
  ],
  'aten::native_batch_norm': (s) => [s.image, s.channel, s.channel, null, null, true, 0, 1e-5],
  'aten::native_batch_norm_backward': (s) => [
    ...[s.image, s.image, s.channel, null, null, s.channel, s.channel, true, 1e-5, all],
  ],
  'aten::native_layer_norm': (s) => [s.float, [3], null, null, 1e-5],
  'aten::native_layer_norm_backward': (s) => [
    ...[s.float, s.float, [3], s.rowMean, s.rowMean, s.row, s.row, all],
  ],
  'aten::permute': (s) => [s.float, [1, 0]],
  'aten::repeat': (s) => [s.float, [2, 1]],
  'aten::searchsorted.Tensor': (s) => [s.float, s.float, false, true, null, null],
  'aten::slice.Tensor': (s) => [s.float, 0, 0, 1, 1],
  'aten::to.dtype': (s) => [s.float, 7, false, false, null],
  'aten::transpose.int': (s) => [s.float, 0, 1],
  'aten::view_as_real': (s) => [s.complex],
  'aten::where.self': (s) => [s.flag, s.float, s.float],
};

/** What an argument of a kind is where nothing else is said. */
function plain(kind: string, { float }: Samples): Argument {
  if (kind.endsWith('?') && kind !== 'I[]?') return null;
  const known: Record<string, Argument> = { T: float, 'T[]': [float], I: 0, F: 1, B: false };
  if (kind in known) return known[kind]!;
  return kind === 'B[]' ? all : [0];
}

/** libtorch has these for the processor alone; on a GPU no kernel calls them. */
const isForProcessor = (op: OpName) => op.includes('_for_cpu');

/**
 * Calls every op that kernels call, on small tensors: a library that loads may still lack one, or want other arguments.
 *
 * @returns How many ops have been called.
 * @throws Error of the first that fails, with libtorch's own words.
 */
export function smoke(library: Library, device: Device): number {
  const engine = new Engine(library, device);
  try {
    return engine.scope(() => {
      requireRoots(engine);
      const samples = samplesOf(engine);
      const ops = (Object.keys(signatures) as OpName[]).filter(
        (op) => !(device.cuda && isForProcessor(op)),
      );
      for (const op of ops) {
        const kinds = signatures[op][0].split(' ');
        const args = calls[op]?.(samples) ?? kinds.map((kind) => plain(kind, samples));
        engine.scope(() => engine.ops(op, ...args));
      }
      requireSameByName(engine);
      return ops.length;
    });
  } finally {
    engine.dispose();
  }
}

/** What is called by its C++ name must give what the op of that name gives. */
function requireSameByName(engine: Engine): void {
  const { gelu, geluGrad } = engine.library;
  const x = engine.from(Float32Array.of(-1, 0.5), [2], 'float32');
  const expected = [
    engine.op('aten::gelu', x, 'tanh'),
    engine.op('aten::gelu_backward', x, x, 'tanh'),
  ];
  const found = [engine.empty([2], 'float32'), engine.empty([2], 'float32')];
  gelu?.(x, 4, engine.text('tanh'), found[0]!);
  geluGrad?.(x, x, 4, engine.text('tanh'), found[1]!);
  [gelu, geluGrad].forEach((call, i) => {
    const [own, other] = [found, expected].map((y) => engine.read(y[i]!, 2, 'float32'));
    if (call === undefined || (own![0] === other![0] && own![1] === other![1])) return;
    throw new Error(
      `registerTorch: expected GELU to be ${other} by its C++ name as it is by the C ABI, got ${own}; install torch anew.`,
    );
  });
}

function requireRoots(engine: Engine): void {
  const root = engine.op('aten::sqrt', engine.from(Float32Array.of(4, 9), [2], 'float32'));
  const [two, three] = engine.read(root, 2, 'float32');
  if (two === 2 && three === 3) return;
  throw new Error(
    `registerTorch: expected the roots 2 and 3 from libtorch, got ${two} and ${three}; install torch anew.`,
  );
}
