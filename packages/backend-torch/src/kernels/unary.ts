import type { TorchBackend } from '../backend.ts';
import type { NativeType } from '../dtype.ts';
import type { Handle } from '../ffi/dispatch.ts';
import type { OpName } from '../ffi/signatures.ts';
import type { Inputs, Kernel, KernelTable } from '../kernel.ts';

/** Ops that are themselves on integers. */
const exact: Record<string, OpName> = {
  Abs: 'aten::abs',
  Ceil: 'aten::ceil',
  Floor: 'aten::floor',
  Neg: 'aten::neg',
  Relu: 'aten::relu',
  Relu6: 'aten::relu6',
  Round: 'aten::round',
  Sign: 'aten::sign',
  Square: 'aten::square',
};

/** Ops of real analysis: integers become float32. */
const analytic: Record<string, OpName> = {
  Acos: 'aten::acos',
  Acosh: 'aten::acosh',
  Asin: 'aten::asin',
  Asinh: 'aten::asinh',
  Atan: 'aten::atan',
  Atanh: 'aten::atanh',
  Cos: 'aten::cos',
  Cosh: 'aten::cosh',
  Erf: 'aten::erf',
  Exp: 'aten::exp',
  Expm1: 'aten::expm1',
  Log: 'aten::log',
  Log1p: 'aten::log1p',
  Reciprocal: 'aten::reciprocal',
  Rsqrt: 'aten::rsqrt',
  Selu: 'aten::selu',
  Sigmoid: 'aten::sigmoid',
  Sin: 'aten::sin',
  Sinh: 'aten::sinh',
  Sqrt: 'aten::sqrt',
  Tan: 'aten::tan',
  Tanh: 'aten::tanh',
};

/** Ops from numbers to truth values. */
const tests: Record<string, OpName> = {
  IsFinite: 'aten::isfinite',
  IsInf: 'aten::isinf',
  IsNan: 'aten::isnan',
  LogicalNot: 'aten::logical_not',
};

const only = (inputs: Inputs) => Object.values(inputs)[0]!;

function exactly(op: OpName): Kernel {
  return (torch, inputs) => {
    const x = only(inputs);
    if (x.dtype === 'bool') return null;
    return torch.output(torch.engine.op(op, torch.handle(x)), x.shape, x.dtype);
  };
}

/** A kernel of one float tensor; integers are cast there, and back where `keep` says so. */
function onFloats<Attrs>(
  run: (torch: TorchBackend, x: Handle, attrs: Attrs) => Handle,
  keep = false,
): Kernel {
  return (torch, inputs, attrs: Attrs) => {
    const x = only(inputs);
    if (x.dtype === 'bool') return null;
    const { engine } = torch;
    const float = x.dtype === 'float32' ? torch.handle(x) : engine.cast(torch.handle(x), 'float32');
    const dtype = keep ? (x.dtype as NativeType) : 'float32';
    const y = run(torch, float, attrs);
    return torch.output(engine.cast(y, dtype), x.shape, dtype);
  };
}

function testing(op: OpName): Kernel {
  return (torch, inputs) => {
    const x = only(inputs);
    return torch.output(torch.engine.op(op, torch.handle(x)), x.shape, 'bool');
  };
}

const map = (ops: Record<string, OpName>, make: (op: OpName) => Kernel): KernelTable =>
  Object.fromEntries(Object.entries(ops).map(([name, op]) => [name, make(op)]));

export const unaryKernels: KernelTable = {
  ...map(exact, exactly),
  ...map(analytic, (op) => onFloats((torch, x) => torch.engine.op(op, x))),
  ...map(tests, testing),
  ClipByValue: onFloats<{ clipValueMin: number; clipValueMax: number }>(
    ({ engine }, x, { clipValueMin, clipValueMax }) =>
      engine.op(
        'aten::clamp.Tensor',
        x,
        engine.scalar(clipValueMin, 'float32'),
        engine.scalar(clipValueMax, 'float32'),
      ),
    true,
  ),
  Elu: onFloats(({ engine }, x) => {
    const negative = engine.op('aten::lt.Tensor', x, engine.scalar(0, 'float32'));
    return engine.op('aten::where.self', negative, engine.op('aten::expm1', x), x);
  }),
  LeakyRelu: onFloats<{ alpha: number }>((torch, x, { alpha }) => leakyRelu(torch, x, alpha)),
  Softplus: onFloats(({ engine }, x) => {
    const tail = engine.op('aten::neg', engine.op('aten::abs', x));
    const log = engine.op('aten::log1p', engine.op('aten::exp', tail));
    return engine.subtract(engine.op('aten::relu', x), log, -1);
  }),
  Step: onFloats<{ alpha?: number }>(({ engine }, x, { alpha = 0 }) => {
    if (alpha === 0) {
      // The slope of relu is met at every turn: two passes, and NaN stays.
      const [zero, one] = [engine.scalar(0, 'float32'), engine.scalar(1, 'float32')];
      return engine.op('aten::ceil', engine.op('aten::clamp.Tensor', x, zero, one));
    }
    const positive = engine.op('aten::gt.Tensor', x, engine.scalar(0, 'float32'));
    const low = engine.scalar(alpha, 'float32');
    const step = engine.op('aten::where.self', positive, engine.scalar(1, 'float32'), low);
    return engine.op('aten::where.self', engine.op('aten::isnan', x), x, step);
  }, true),
};

/** max(x, 0) + alpha min(x, 0). */
export function leakyRelu({ engine }: TorchBackend, x: Handle, alpha: number): Handle {
  const negative = engine.op('aten::lt.Tensor', x, engine.scalar(0, 'float32'));
  const low = engine.op('aten::mul.Tensor', x, engine.scalar(alpha, 'float32'));
  return engine.op('aten::where.self', negative, low, x);
}
