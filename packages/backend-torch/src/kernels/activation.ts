import type { TorchBackend } from '../backend.ts';
import type { Handle } from '../ffi/dispatch.ts';
import type { OpName } from '../ffi/signatures.ts';
import { prelu } from './binary.ts';
import { leakyRelu } from './unary.ts';

const plain: Record<string, OpName> = {
  relu: 'aten::relu',
  relu6: 'aten::relu6',
  sigmoid: 'aten::sigmoid',
};

/** The activation a fused kernel of tfjs ends with. */
export function activate(
  torch: TorchBackend,
  x: Handle,
  activation: string,
  options: { alpha?: number | undefined; weights?: Handle | undefined },
): Handle {
  const { engine } = torch;
  const op = plain[activation];
  if (op) return engine.op(op, x);
  if (activation === 'leakyrelu') return leakyRelu(torch, x, options.alpha ?? 0.2);
  if (activation === 'prelu' && options.weights) return prelu(engine, x, options.weights);
  if (activation === 'elu') {
    const negative = engine.op('aten::lt.Tensor', x, engine.scalar(0, 'float32'));
    return engine.op('aten::where.self', negative, engine.op('aten::expm1', x), x);
  }
  if (activation === 'linear') return x;
  throw new Error(
    `torch: expected an activation that tfjs can fuse, found '${activation}'; apply it after the kernel.`,
  );
}
