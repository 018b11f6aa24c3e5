import * as tf from '@tensorflow/tfjs';
import type { TorchBackend } from '../backend.ts';
import type { Engine } from '../engine.ts';
import type { Handle } from '../ffi/dispatch.ts';
import type { OpName } from '../ffi/signatures.ts';
import type { Kernel, KernelTable } from '../kernel.ts';

type Compute = (engine: Engine, a: Handle, b: Handle) => Handle;

const shapeOf = (a: tf.TensorInfo, b: tf.TensorInfo) =>
  tf.backend_util.assertAndGetBroadcastShape(a.shape, b.shape);

/** JavaScript's conversion of a double to an int32: cut off, wrapped, and 0 for what is no number. */
export function wrap(engine: Engine, double: Handle): Handle {
  return engine.cast(engine.cast(double, 'int64'), 'int32');
}

/** Arithmetic on floats; integers either take `integer` as they are, or `float` in double precision. */
function arithmetic(float: Compute, integer?: Compute): Kernel {
  return (torch, { a, b }) => {
    const { engine } = torch;
    if (a!.dtype !== b!.dtype || a!.dtype === 'bool') return null;
    const shape = shapeOf(a!, b!);
    const [x, y] = [torch.handle(a!), torch.handle(b!)];
    if (a!.dtype === 'float32') return torch.output(float(engine, x, y), shape, 'float32');
    if (integer) return torch.output(integer(engine, x, y), shape, 'int32');
    const made = float(engine, engine.cast(x, 'float64'), engine.cast(y, 'float64'));
    return torch.output(wrap(engine, made), shape, 'int32');
  };
}

const direct =
  (op: OpName): Compute =>
  (engine, a, b) =>
    engine.op(op, a, b);

function comparison(op: OpName): Kernel {
  return (torch, { a, b }) => {
    if (a!.dtype !== b!.dtype) return null;
    const made = torch.engine.op(op, torch.handle(a!), torch.handle(b!));
    return torch.output(made, shapeOf(a!, b!), 'bool');
  };
}

const squaredDifference: Compute = (engine, a, b) =>
  engine.op('aten::square', engine.subtract(a, b, 1));

const multiply = direct('aten::mul.Tensor');
const maximum = direct('aten::maximum');
const minimum = direct('aten::minimum');

function floorDiv(torch: TorchBackend, a: tf.TensorInfo, b: tf.TensorInfo): tf.TensorInfo {
  const { engine } = torch;
  const [x, y] = [a, b].map((info) => engine.cast(torch.handle(info), 'float64'));
  const quotient = engine.op('aten::div.Tensor', x!, y!);
  return torch.output(wrap(engine, engine.op('aten::floor', quotient)), shapeOf(a, b), 'int32');
}

export const binaryKernels: KernelTable = {
  Add: arithmetic((engine, a, b) => engine.subtract(a, b, -1)),
  Sub: arithmetic((engine, a, b) => engine.subtract(a, b, 1)),
  Multiply: arithmetic(multiply, multiply),
  RealDiv: arithmetic(direct('aten::div.Tensor')),
  Maximum: arithmetic(maximum, maximum),
  Minimum: arithmetic(minimum, minimum),
  Mod: arithmetic(direct('aten::remainder.Tensor')),
  Pow: arithmetic(direct('aten::pow.Tensor_Tensor')),
  Atan2: arithmetic(direct('aten::atan2')),
  SquaredDifference: arithmetic(squaredDifference),
  FloorDiv: (torch, { a, b }) =>
    a!.dtype === 'bool' || b!.dtype === 'bool' ? null : floorDiv(torch, a!, b!),
  BitwiseAnd: (torch, { a, b }) => {
    if (a!.dtype !== 'int32' || b!.dtype !== 'int32') return null;
    const made = torch.engine.op('aten::bitwise_and.Tensor', torch.handle(a!), torch.handle(b!));
    return torch.output(made, shapeOf(a!, b!), 'int32');
  },
  Prelu: (torch, { x, alpha }) => {
    if (x!.dtype !== 'float32' || alpha!.dtype !== 'float32') return null;
    const made = prelu(torch.engine, torch.handle(x!), torch.handle(alpha!));
    return torch.output(made, shapeOf(x!, alpha!), 'float32');
  },
  EluGrad: (torch, { dy, y }) => {
    const { engine } = torch;
    if (dy!.dtype !== 'float32' || y!.dtype !== 'float32') return null;
    const [d, value] = [torch.handle(dy!), torch.handle(y!)];
    const negative = engine.op('aten::lt.Tensor', value, engine.scalar(0, 'float32'));
    const slope = engine.subtract(value, engine.scalar(1, 'float32'), -1);
    const low = engine.op('aten::mul.Tensor', d, slope);
    return torch.output(engine.op('aten::where.self', negative, low, d), y!.shape, 'float32');
  },
  Equal: comparison('aten::eq.Tensor'),
  NotEqual: comparison('aten::ne.Tensor'),
  Greater: comparison('aten::gt.Tensor'),
  GreaterEqual: comparison('aten::ge.Tensor'),
  Less: comparison('aten::lt.Tensor'),
  LessEqual: comparison('aten::le.Tensor'),
  LogicalAnd: comparison('aten::logical_and'),
  LogicalOr: comparison('aten::logical_or'),
  AddN: (torch, inputs) => {
    const { engine } = torch;
    const infos = Object.values(inputs);
    if (infos.some(({ dtype }) => dtype !== 'float32')) return null;
    if (infos.length === 1) return torch.alias(infos[0]!);
    const sum = infos
      .map((info) => torch.handle(info))
      .reduce((total, next) => engine.subtract(total, next, -1));
    return torch.output(sum, infos[0]!.shape, 'float32');
  },
};

/** x where it is not below 0, alpha x where it is; alpha broadcasts. */
export function prelu(engine: Engine, x: Handle, alpha: Handle): Handle {
  const negative = engine.op('aten::lt.Tensor', x, engine.scalar(0, 'float32'));
  return engine.op('aten::where.self', negative, engine.op('aten::mul.Tensor', x, alpha), x);
}
