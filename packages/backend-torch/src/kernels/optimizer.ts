import type { TorchBackend } from '../backend.ts';
import type { Handle } from '../ffi/dispatch.ts';
import type { Inputs, KernelTable } from '../kernel.ts';

/** Copies, which libtorch then updates in place: the inputs stay. */
const copies = (torch: TorchBackend, inputs: Inputs, ...names: string[]): Handle[] =>
  names.map((name) => torch.engine.op('aten::clone', torch.handle(inputs[name]!), 0));

/** The step whose bias correction is 1 - beta ** step. */
function stepOf(beta: number, correction: number): number {
  return Math.round(Math.log1p(-correction) / Math.log(beta));
}

interface AdamW {
  learningRate: number;
  beta1: number;
  beta2: number;
  epsilon: number;
  weightDecay: number;
  correction1: number;
  correction2: number;
}

interface SgdMomentum {
  learningRate: number;
  momentum: number;
  dampening: number;
  nesterov: boolean;
  weightDecay: number;
}

export const optimizerKernels: KernelTable = {
  PleatAdamW: (torch, inputs, attrs: AdamW) => {
    const { engine } = torch;
    const { shape } = inputs.value!;
    const [value, m, v] = copies(torch, inputs, 'value', 'm', 'v') as [Handle, Handle, Handle];
    // beta2 is the slower one to be forgotten; a correction of 1 is that of a step far away.
    const late = attrs.correction2 >= 1 ? 1e7 : stepOf(attrs.beta2, attrs.correction2);
    const step = engine.full([], late, 'float32');
    engine.ops(
      'aten::_fused_adamw_',
      [value],
      [torch.handle(inputs.gradient!)],
      [m],
      [v],
      [],
      [step],
      attrs.learningRate,
      attrs.beta1,
      attrs.beta2,
      attrs.weightDecay,
      attrs.epsilon,
      false,
      false,
      null,
      null,
    );
    return [value, m, v].map((handle) => torch.output(handle, shape, 'float32'));
  },
  PleatSgdMomentum: (torch, inputs, attrs: SgdMomentum) => {
    const { shape } = inputs.value!;
    const [value, velocity] = copies(torch, inputs, 'value', 'velocity') as [Handle, Handle];
    torch.engine.ops(
      'aten::_fused_sgd_',
      [value],
      [torch.handle(inputs.gradient!)],
      [velocity],
      attrs.weightDecay,
      attrs.momentum,
      attrs.learningRate,
      attrs.dampening,
      attrs.nesterov,
      false,
      false,
      null,
      null,
    );
    return [value, velocity].map((handle) => torch.output(handle, shape, 'float32'));
  },
};
