import { createRequire } from 'node:module';
import { dirname } from 'node:path';
import * as tf from '@tensorflow/tfjs';
import { setWasmPaths } from '@tensorflow/tfjs-backend-wasm';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { cases, checkCase } from './cases.ts';
import { registerFloat64Kernels } from './float64-kernels.ts';

// The stock wasm backend lacks kernels that training needs; the compositions must do without these.
const wasm = createRequire(import.meta.url).resolve('@tensorflow/tfjs-backend-wasm');
setWasmPaths(`${dirname(wasm)}/`);

describe.each([
  ['composed of stock kernels on cpu', 'cpu', false],
  ['composed of stock kernels on wasm', 'wasm', false],
  ['on kernels of its own', 'cpu', true],
])('%s', (_, backend, fused) => {
  let registered: ReturnType<typeof registerFloat64Kernels> | undefined;
  beforeAll(async () => {
    await tf.setBackend(backend);
    if (fused) registered = registerFloat64Kernels();
  });
  afterAll(() => registered?.remove());

  test.each(Object.entries(cases))('%s: value and gradients as in float64', (_, one) => {
    registered?.calls.clear();
    checkCase(one);
    if (fused) expect([...registered!.calls.keys()].sort()).toEqual([...one.kernels].sort());
  });
});
