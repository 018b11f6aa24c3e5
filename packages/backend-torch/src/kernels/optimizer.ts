import * as tf from '@tensorflow/tfjs';
import type { TorchBackend } from '../backend.ts';
import type { Handle } from '../ffi/dispatch.ts';
import type { Inputs, Kernel, KernelTable } from '../kernel.ts';

/** What a result is written into: a tensor's own data where nobody shares it, else a copy. */
interface Place {
  readonly info: tf.TensorInfo;
  readonly own: boolean;
}

function place(torch: TorchBackend, info: tf.TensorInfo): Place {
  if (torch.isSole(info)) return { info, own: true };
  const copy = torch.engine.op('aten::clone', torch.handle(info), 0);
  return { info: torch.output(copy, info.shape, info.dtype), own: false };
}

/** What was written, as tfjs knows it from kernels that make new tensors. */
const written = (torch: TorchBackend, places: readonly Place[]): tf.TensorInfo[] =>
  places.map(({ info, own }) => (own ? torch.renew(info) : info));

/** The positions of equal settings together: libtorch takes one decay and one step a call. */
function groups(count: number, key: (i: number) => string): number[][] {
  const made = new Map<string, number[]>();
  for (let i = 0; i < count; i++) {
    const group = made.get(key(i));
    if (group) group.push(i);
    else made.set(key(i), [i]);
  }
  return [...made.values()];
}

/** The lists behind a kernel's inputs, which tfjs hands over as one; libtorch checks no sizes of its own. */
function split(
  inputs: Inputs,
  count: number,
  lists: readonly number[],
): (list: number) => tf.TensorInfo[] {
  const all = Object.values(inputs);
  if (!lists.includes(all.length / count)) {
    throw new Error(
      `torch: expected ${lists.join(' or ')} tensors for each of ${count} variables, found ${all.length} in all.`,
    );
  }
  all.forEach(({ shape, dtype }, i) => {
    const wanted = all[i % count]!.shape;
    if (dtype === 'float32' && tf.util.arraysEqual(shape, wanted)) return;
    throw new Error(
      `torch: expected float32 of [${wanted}] to update a variable of this shape, found ${dtype} of [${shape}]; give each variable its own gradient.`,
    );
  });
  return (list) => all.slice(list * count, (list + 1) * count);
}

interface Lists {
  count: number;
  learningRate: number;
  weightDecay: number[];
}

interface Adam extends Lists {
  decoupled: boolean;
  beta1: number;
  beta2: number;
  epsilon: number;
  step: number[];
}

interface Sgd extends Lists {
  momentum: number;
  nesterov: boolean;
}

const fusedAdam: Kernel = (torch, inputs, attrs: Adam) => {
  const { engine } = torch;
  const list = split(inputs, attrs.count, [4]);
  const placesOf = (i: number): Place[] => list(i).map((info) => place(torch, info));
  const [values, ms, vs] = [placesOf(0), placesOf(2), placesOf(3)];
  const gradients = list(1);
  const op = attrs.decoupled ? 'aten::_fused_adamw_' : 'aten::_fused_adam_';
  for (const group of groups(attrs.count, (i) => `${attrs.weightDecay[i]} ${attrs.step[i]}`)) {
    const take = (places: Place[]): Handle[] => group.map((i) => torch.handle(places[i]!.info));
    const step = engine.full([], attrs.step[group[0]!]!, 'float32');
    engine.ops(
      op,
      take(values),
      group.map((i) => torch.handle(gradients[i]!)),
      take(ms),
      take(vs),
      [],
      group.map(() => step),
      attrs.learningRate,
      attrs.beta1,
      attrs.beta2,
      attrs.weightDecay[group[0]!]!,
      attrs.epsilon,
      false,
      false,
      null,
      null,
    );
  }
  return written(torch, [...values, ...ms, ...vs]);
};

const fusedSgd: Kernel = (torch, inputs, attrs: Sgd) => {
  const list = split(inputs, attrs.count, [2, 3]);
  const values = list(0).map((info) => place(torch, info));
  const gradients = list(1);
  const velocities = list(2).map((info) => place(torch, info));
  for (const group of groups(attrs.count, (i) => String(attrs.weightDecay[i]))) {
    const take = (places: Place[]): Handle[] => group.map((i) => torch.handle(places[i]!.info));
    torch.engine.ops(
      'aten::_fused_sgd_',
      take(values),
      group.map((i) => torch.handle(gradients[i]!)),
      velocities.length === 0 ? [] : take(velocities),
      attrs.weightDecay[group[0]!]!,
      attrs.momentum,
      attrs.learningRate,
      0,
      attrs.nesterov,
      false,
      false,
      null,
      null,
    );
  }
  return written(torch, [...values, ...velocities]);
};

/** In place: small tensors that outlive a step would come to lie between large ones that do not, and tear the heap. */
const moveTowards: Kernel = (torch, inputs, { count, share }: { count: number; share: number }) => {
  const { engine } = torch;
  const list = split(inputs, count, [2]);
  const targets = list(1);
  const weight = engine.scalar(share, 'float32');
  const values = list(0).map((info) => place(torch, info));
  values.forEach(({ info }, i) => {
    engine.op('aten::lerp_.Tensor', torch.handle(info), torch.handle(targets[i]!), weight);
  });
  return written(torch, values);
};

/** Kernels of lists, for tensors of every kind: optimisers have floats alone. */
export const optimizerKernels: KernelTable = {
  PleatFusedAdam: fusedAdam,
  PleatFusedSgd: fusedSgd,
  PleatMoveTowards: moveTowards,
};
