import { PleatKeepTopK, PleatTopKMask, type TopKMemory } from '@pleat/ops';
import type * as tf from '@tensorflow/tfjs';
import { allocate, type Host, release } from '../host.ts';
import { at, type Body, make, register, sizeOf } from './tensor.ts';

/** Bytes of scratch memory the kernel asks for, as its comment says. */
const scratchFor = (size: number): number => 32 + (size >> 2) + 8 * Math.max(4096, size >> 5);

/** out = values (null: ones) at the k largest scores, 0 elsewhere. */
function keepTopK(
  host: Host,
  scores: tf.TensorInfo,
  values: tf.TensorInfo | null,
  { k, memory }: { k: number; memory?: TopKMemory },
): tf.TensorInfo {
  const out = make(host, scores.shape);
  const size = sizeOf(scores.shape);
  if (k === 0) {
    host.backend.wasm.HEAPU8.fill(0, at(host, out), at(host, out) + 4 * size);
    return out;
  }
  const { low, high } = memory?.bracket() ?? { low: 1, high: 0 };
  const scratch = allocate(host, scratchFor(size));
  const from = values ? at(host, values) : 0;
  const args = [at(host, scores), size, k, from, at(host, out), low, high, scratch];
  const rank = host.kernels.keepTopK!(...args) as number;
  release(host, scratch);
  memory?.remember(rank);
  return out;
}

const topKMask: Body = ({ host, inputs, attrs }) =>
  keepTopK(host, inputs.scores!, null, attrs as { k: number; memory?: TopKMemory });

const keep: Body = ({ host, inputs, attrs }) =>
  keepTopK(host, inputs.scores!, inputs.values!, attrs as { k: number; memory?: TopKMemory });

/** Registers the selection of the largest scores. */
export function registerTopK(): void {
  register(PleatTopKMask, topKMask);
  register(PleatKeepTopK, keep);
}
