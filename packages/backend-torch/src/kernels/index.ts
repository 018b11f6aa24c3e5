import * as tf from '@tensorflow/tfjs';
import { registerNative, registerRest, registerSharing } from '../kernel.ts';
import { attentionKernels } from './attention.ts';
import { anyKernels, basicKernels, sharingKernels } from './basic.ts';
import { binaryKernels } from './binary.ts';
import { convKernels } from './conv.ts';
import { conv3dKernels } from './conv3d.ts';
import { countKernels, segmentKernels } from './count.ts';
import { einsumKernels } from './einsum.ts';
import { fusedKernels } from './fused.ts';
import { gatherKernels } from './gather.ts';
import { geluKernels } from './gelu.ts';
import { localKernels } from './local.ts';
import { matmulKernels } from './matmul.ts';
import { morphologyKernels } from './morphology.ts';
import { normKernels } from './norm.ts';
import { optimizerKernels } from './optimizer.ts';
import { poolKernels } from './pool.ts';
import { reduceKernels } from './reduce.ts';
import { registerReluGradient, reluKernels } from './relu.ts';
import { resizeKernels } from './resize.ts';
import { shapeKernels } from './shape.ts';
import { signalKernels } from './signal.ts';
import { unaryKernels } from './unary.ts';
import { warpKernels } from './warp.ts';

const tables = [
  attentionKernels,
  basicKernels,
  binaryKernels,
  conv3dKernels,
  convKernels,
  einsumKernels,
  fusedKernels,
  gatherKernels,
  geluKernels,
  localKernels,
  matmulKernels,
  morphologyKernels,
  normKernels,
  poolKernels,
  reduceKernels,
  reluKernels,
  resizeKernels,
  segmentKernels,
  shapeKernels,
  unaryKernels,
  warpKernels,
];

/** Kernels that take tensors of every kind, and tensors without elements. */
const anyTables = [anyKernels, countKernels, optimizerKernels, signalKernels];

/** Names of kernels, in order. */
export interface TorchKernels {
  /** Those that run on libtorch. */
  native: string[];
  /** Those of tfjs' cpu backend that the backend 'torch' has nothing better for. */
  fallback: string[];
}

/**
 * Lists what runs on libtorch and what on tfjs' cpu backend. A native kernel still leaves single cases to the
 * fallback: texts, complex numbers, and the like.
 *
 * @example
 * ```js
 * const { native, fallback } = torchKernels();
 * console.log(native.includes('Conv2D'), fallback.includes('StringSplit')); // true true
 * ```
 */
export function torchKernels(): TorchKernels {
  const native = [sharingKernels, ...anyTables, ...tables]
    .flatMap((table) => Object.keys(table))
    .sort();
  const known = new Set(native);
  const fallback = tf
    .getKernelsForBackend('cpu')
    .map(({ kernelName }) => kernelName)
    .filter((name) => !known.has(name))
    .sort();
  return { native, fallback };
}

/** Registers all kernels of the backend, once: on libtorch first, the rest on tfjs' cpu backend. */
export function registerKernels(backendName: string): void {
  if (tf.getKernel('Identity', backendName)) return;
  registerSharing(backendName, sharingKernels);
  for (const table of anyTables) registerNative(backendName, table, true);
  for (const table of tables) registerNative(backendName, table);
  registerRest(backendName);
  registerReluGradient();
}
