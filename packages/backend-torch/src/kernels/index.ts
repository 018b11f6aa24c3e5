import { registerNative, registerRest } from '../kernel.ts';
import { anyKernels, basicKernels } from './basic.ts';
import { binaryKernels } from './binary.ts';
import { convKernels } from './conv.ts';
import { matmulKernels } from './matmul.ts';
import { poolKernels } from './pool.ts';
import { reduceKernels } from './reduce.ts';
import { shapeKernels } from './shape.ts';
import { unaryKernels } from './unary.ts';

const tables = [basicKernels, binaryKernels, convKernels, matmulKernels, poolKernels, shapeKernels, reduceKernels, unaryKernels];

/** Registers all kernels of the backend, on libtorch first, the rest on tfjs' cpu backend. */
export function registerKernels(backendName: string): void {
  registerNative(backendName, anyKernels, true);
  for (const table of tables) registerNative(backendName, table);
  registerRest(backendName);
}
