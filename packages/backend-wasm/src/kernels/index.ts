import { registerConv } from './conv.ts';
import { registerDepthwise } from './depthwise.ts';
import { registerEinsum } from './einsum.ts';
import { registerLoss } from './loss.ts';
import { registerMatMul } from './matmul.ts';
import { registerNorm } from './norm.ts';
import { registerPointwise } from './pointwise.ts';
import { registerPool } from './pool.ts';
import { registerReduce } from './reduce.ts';
import { registerSegmentSum } from './segment-sum.ts';
import { registerTopK } from './top-k.ts';

/** Registers every kernel of this package for the backend 'wasm'; doing it twice does no harm. */
export function registerKernels(): void {
  registerMatMul();
  registerConv();
  registerDepthwise();
  registerNorm();
  registerPointwise();
  registerReduce();
  registerPool();
  registerLoss();
  registerTopK();
  registerEinsum();
  registerSegmentSum();
}
