import type { TorchBackend } from '../backend.ts';
import type { Handle } from '../ffi/dispatch.ts';
import type { Inputs, Kernel, KernelTable } from '../kernel.ts';
import { shaped, shapeOf } from './shaped.ts';

type Triple = [Handle, Handle, Handle];
const triple = (torch: TorchBackend, { q, k, v }: Inputs) =>
  [q, k, v].map((info) => torch.handle(info!)) as Triple;

/** The fused form, whose memory does not grow with the square of the sequence; libtorch has it for the processor. */
function attend(torch: TorchBackend, [q, k, v]: Triple, scale: number): [Handle, Handle] {
  const op = 'aten::_scaled_dot_product_flash_attention_for_cpu';
  return torch.engine.ops(op, q, k, v, 0, false, null, scale) as [Handle, Handle];
}

const turned = ({ engine }: TorchBackend, x: Handle) => engine.op('aten::transpose.int', x, -2, -1);

function product({ engine }: TorchBackend, a: Handle, b: Handle): Handle {
  return engine.computed(engine.op('aten::matmul', engine.compute(a), engine.compute(b)));
}

/** The shares each query gives its keys, written out: for a GPU. */
function shares(torch: TorchBackend, q: Handle, k: Handle, scale: number): Handle {
  const { engine } = torch;
  const factor = engine.scalar(scale, 'float32');
  const scores = engine.op('aten::mul.Tensor', product(torch, q, turned(torch, k)), factor);
  return engine.op('aten::_softmax', scores, 3, false);
}

function sharesGrad(torch: TorchBackend, dy: Handle, [q, k, v]: Triple, scale: number): Triple {
  const { engine } = torch;
  const p = shares(torch, q, k, scale);
  const dp = product(torch, dy, turned(torch, v));
  const mean = engine.op(
    'aten::sum.dim_IntList',
    engine.op('aten::mul.Tensor', dp, p),
    [3],
    true,
    null,
  );
  const centred = engine.op('aten::mul.Tensor', p, engine.subtract(dp, mean, 1));
  const ds = engine.op('aten::mul.Tensor', centred, engine.scalar(scale, 'float32'));
  return [
    product(torch, ds, k),
    product(torch, turned(torch, ds), q),
    product(torch, turned(torch, p), dy),
  ];
}

const attention: Kernel = (torch, inputs, { scale }: { scale: number }) => {
  const qkv = triple(torch, inputs);
  const y = torch.engine.device.cuda
    ? product(torch, shares(torch, qkv[0], qkv[1], scale), qkv[2])
    : attend(torch, qkv, scale)[0];
  return torch.output(torch.engine.contiguous(y), inputs.q!.shape, 'float32');
};

const attentionGrad: Kernel = (torch, inputs, { scale }: { scale: number }) => {
  const { engine } = torch;
  const qkv = triple(torch, inputs);
  const dy = torch.handle(inputs.dy!);
  const [y, logSum] = engine.device.cuda ? [] : attend(torch, qkv, scale);
  const op = 'aten::_scaled_dot_product_flash_attention_for_cpu_backward';
  const gradients =
    y && logSum
      ? engine.ops(op, dy, ...qkv, y, logSum, 0, false, null, scale)
      : sharesGrad(torch, dy, qkv, scale);
  return [inputs.q!, inputs.k!, inputs.v!].map(({ shape }, i) =>
    torch.output(engine.contiguous(gradients[i]!), shape, 'float32'),
  );
};

const heads = (inputs: Inputs) => {
  const shape = shapeOf(inputs, 'q', 4);
  return { q: shape, k: shape, v: shape };
};

export const attentionKernels: KernelTable = {
  ...shaped('PleatAttention', heads, attention),
  ...shaped('PleatAttentionGrad', (i) => ({ ...heads(i), dy: heads(i).q }), attentionGrad),
};
