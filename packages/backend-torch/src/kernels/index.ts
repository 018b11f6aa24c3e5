import * as tf from '@tensorflow/tfjs';
import { registerNative, registerRest } from '../kernel.ts';
import { attentionKernels } from './attention.ts';
import { anyKernels, basicKernels } from './basic.ts';
import { binaryKernels } from './binary.ts';
import { convKernels } from './conv.ts';
import { conv3dKernels } from './conv3d.ts';
import { fusedKernels } from './fused.ts';
import { gatherKernels } from './gather.ts';
import { matmulKernels } from './matmul.ts';
import { normKernels } from './norm.ts';
import { optimizerKernels } from './optimizer.ts';
import { poolKernels } from './pool.ts';
import { reduceKernels } from './reduce.ts';
import { resizeKernels } from './resize.ts';
import { shapeKernels } from './shape.ts';
import { unaryKernels } from './unary.ts';

const tables = [
  attentionKernels,
  basicKernels,
  binaryKernels,
  conv3dKernels,
  convKernels,
  fusedKernels,
  gatherKernels,
  matmulKernels,
  normKernels,
  optimizerKernels,
  poolKernels,
  reduceKernels,
  resizeKernels,
  shapeKernels,
  unaryKernels,
];

/** Registers all kernels of the backend, once: on libtorch first, the rest on tfjs' cpu backend. */
export function registerKernels(backendName: string): void {
  if (tf.getKernel('Identity', backendName)) return;
  registerNative(backendName, anyKernels, true);
  for (const table of tables) registerNative(backendName, table);
  registerRest(backendName);
}
