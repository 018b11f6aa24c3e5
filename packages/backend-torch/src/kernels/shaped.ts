import * as tf from '@tensorflow/tfjs';
import type { Inputs, Kernel, KernelTable } from '../kernel.ts';

/** The shapes a kernel's inputs must have for each other, by their names. */
type Shapes = (inputs: Inputs, attrs: never) => Record<string, number[]>;

/**
 * A kernel that checks its inputs, all float32, before libtorch sees them: ops that only other ops call check nothing, and
 * read past the end of what is too small.
 */
export function shaped(name: string, shapes: Shapes, run: Kernel): KernelTable {
  const kernel: Kernel = (torch, inputs, attrs) => {
    for (const [key, shape] of Object.entries(shapes(inputs, attrs))) {
      const info = inputs[key];
      if (info?.dtype === 'float32' && tf.util.arraysEqual(info.shape, shape)) continue;
      const found = info ? `${info.dtype} of [${info.shape}]` : 'none';
      throw new Error(`${name}: expected ${key} to be float32 of [${shape}], found ${found}.`);
    }
    return run(torch, inputs, attrs);
  };
  return { [name]: kernel };
}

/** The shape of an input; throws unless it is there and has one of the ranks. */
export function shapeOf(inputs: Inputs, key: string, ...ranks: number[]): number[] {
  const shape = inputs[key]?.shape;
  if (shape && (ranks.length === 0 || ranks.includes(shape.length))) return shape;
  throw new Error(
    `torch: expected ${key} to have ${ranks.join(' or ') || 'any number of'} dimensions, found ${shape ? `[${shape}]` : 'none'}.`,
  );
}

/** Channels last: the length of the last dimension, of at least one. */
export function channelsOf(inputs: Inputs, key: string): [number] {
  const channels = shapeOf(inputs, key).at(-1);
  if (channels !== undefined) return [channels];
  throw new Error(`torch: expected ${key} to have a dimension of channels, found a scalar.`);
}
