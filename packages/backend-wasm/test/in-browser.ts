import * as tf from '@tensorflow/tfjs';
import { setWasmPaths } from '@tensorflow/tfjs-backend-wasm';
import { registerTrainingKernels, registerWasm } from '../src/index.ts';
import { train } from './steps.ts';

/** Losses of a few steps on the stock backend with the kernels added. */
export async function losses(steps: number): Promise<number[]> {
  setWasmPaths('/');
  await registerTrainingKernels();
  await tf.setBackend('wasm');
  return train(steps).losses;
}

/** What registerWasm says in a browser. */
export async function info(): Promise<unknown> {
  return registerWasm();
}
