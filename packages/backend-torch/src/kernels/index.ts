import { registerNative, registerRest } from '../kernel.ts';
import { attentionKernels } from './attention.ts';
import { anyKernels, basicKernels } from './basic.ts';
import { binaryKernels } from './binary.ts';
import { convKernels } from './conv.ts';
import { fusedKernels } from './fused.ts';
import { matmulKernels } from './matmul.ts';
import { optimizerKernels } from './optimizer.ts';
import { poolKernels } from './pool.ts';
import { reduceKernels } from './reduce.ts';
import { shapeKernels } from './shape.ts';
import { unaryKernels } from './unary.ts';

const tables = [attentionKernels, fusedKernels, optimizerKernels, basicKernels, binaryKernels, convKernels, matmulKernels, poolKernels, shapeKernels, reduceKernels, unaryKernels];

/** Registers all kernels of the backend, on libtorch first, the rest on tfjs' cpu backend. */
export function registerKernels(backendName: string): void {
  registerNative(backendName, anyKernels, true);
  for (const table of tables) registerNative(backendName, table);
  registerRest(backendName);
}
