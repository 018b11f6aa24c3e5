import type { TorchBackend } from '../backend.ts';
import type { Handle } from '../ffi/dispatch.ts';
import type { TextCalls } from '../ffi/text-calls.ts';
import type { Kernel, KernelTable } from '../kernel.ts';
import { shaped, shapeOf } from './shaped.ts';

interface Attrs {
  approximate: boolean;
}

/** By libtorch's C++ interface, and by its C ABI, which does without that. */
const ops = { gelu: 'aten::gelu', geluGrad: 'aten::gelu_backward' } as const;

/** GELU or its gradient from tensors of one shape. */
function computed(
  torch: TorchBackend,
  name: keyof TextCalls,
  tensors: readonly Handle[],
  shape: readonly number[],
  { approximate }: Attrs,
) {
  const { engine } = torch;
  const form = approximate ? 'tanh' : 'none';
  const call = engine.library[name];
  if (call === undefined) {
    const made = engine.op(ops[name], ...tensors, form);
    return torch.output(engine.contiguous(made), shape, 'float32');
  }
  // It checks nothing, and an error of libtorch would end the process.
  for (const tensor of tensors) engine.requireHolds(tensor, shape, 'float32');
  const made = engine.empty(shape, 'float32');
  call(...tensors, form.length, engine.text(form), made);
  return torch.output(made, shape, 'float32');
}

const gelu: Kernel = (torch, { x }, attrs: Attrs) =>
  computed(torch, 'gelu', [torch.handle(x!)], x!.shape, attrs);

const geluGrad: Kernel = (torch, { dy, x }, attrs: Attrs) =>
  computed(torch, 'geluGrad', [torch.handle(dy!), torch.handle(x!)], x!.shape, attrs);

export const geluKernels: KernelTable = {
  ...shaped('PleatGelu', (i) => ({ x: shapeOf(i, 'x') }), gelu),
  ...shaped('PleatGeluGrad', (i) => ({ x: shapeOf(i, 'x'), dy: shapeOf(i, 'x') }), geluGrad),
};
