import type { TorchBackend } from '../backend.ts';
import type { Handle } from '../ffi/dispatch.ts';
import type { Inputs, KernelTable } from '../kernel.ts';

/** The fused form, whose memory does not grow with the square of the sequence. */
function attend(torch: TorchBackend, inputs: Inputs, scale: number): [Handle, Handle] {
  const [q, k, v] = [inputs.q!, inputs.k!, inputs.v!].map((info) => torch.handle(info));
  return torch.engine.ops(
    'aten::_scaled_dot_product_flash_attention_for_cpu',
    q!,
    k!,
    v!,
    0,
    false,
    null,
    scale,
  ) as [Handle, Handle];
}

export const attentionKernels: KernelTable = {
  PleatAttention: (torch, inputs, { scale }: { scale: number }) => {
    const [y] = attend(torch, inputs, scale);
    return torch.output(torch.engine.contiguous(y), inputs.q!.shape, 'float32');
  },
  PleatAttentionGrad: (torch, inputs, { scale }: { scale: number }) => {
    const { engine } = torch;
    const [y, logSum] = attend(torch, inputs, scale);
    const { dy, q, k, v } = inputs;
    const gradients = engine.ops(
      'aten::_scaled_dot_product_flash_attention_for_cpu_backward',
      torch.handle(dy!),
      torch.handle(q!),
      torch.handle(k!),
      torch.handle(v!),
      y,
      logSum,
      0,
      false,
      null,
      scale,
    );
    return [q!, k!, v!].map(({ shape }, i) =>
      torch.output(engine.contiguous(gradients[i]!), shape, 'float32'),
    );
  },
};
