import * as tf from '@tensorflow/tfjs';
import { at, type Body, make, register, sizeOf } from './tensor.ts';

const unsortedSegmentSum: Body = ({ host, inputs, attrs }) => {
  const { x, segmentIds } = inputs as { x: tf.TensorInfo; segmentIds: tf.TensorInfo };
  const { numSegments } = attrs as { numSegments: number };
  if (x.dtype !== 'float32' && x.dtype !== 'int32') return null;
  const inner = x.shape.slice(segmentIds.shape.length);
  const width = sizeOf(inner);
  const out = make(host, [numSegments, ...inner], x.dtype);
  const buffer = host.backend.wasm.HEAPU8.buffer as ArrayBuffer;
  const View = x.dtype === 'float32' ? Float32Array : Int32Array;
  const from = new View(buffer, at(host, x), sizeOf(x.shape));
  const ids = new Int32Array(buffer, at(host, segmentIds), sizeOf(segmentIds.shape));
  const to = new View(buffer, at(host, out), numSegments * width).fill(0);
  for (let i = 0; i < ids.length; i++) {
    const id = ids[i]!;
    // As in TensorFlow, an id outside the segments drops its rows.
    if (id < 0 || id >= numSegments) continue;
    for (let j = 0; j < width; j++) to[id * width + j]! += from[i * width + j]!;
  }
  return out;
};

/** Registers UnsortedSegmentSum, the gradient of gather. */
export function registerSegmentSum(): void {
  register(tf.UnsortedSegmentSum, unsortedSegmentSum);
}
