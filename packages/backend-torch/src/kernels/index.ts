import { registerNative, registerRest } from '../kernel.ts';
import { anyKernels, basicKernels } from './basic.ts';
import { binaryKernels } from './binary.ts';
import { reduceKernels } from './reduce.ts';
import { unaryKernels } from './unary.ts';

const tables = [basicKernels, binaryKernels, reduceKernels, unaryKernels];

/** Registers all kernels of the backend, on libtorch first, the rest on tfjs' cpu backend. */
export function registerKernels(backendName: string): void {
  registerNative(backendName, anyKernels, true);
  for (const table of tables) registerNative(backendName, table);
  registerRest(backendName);
}
