import {
  batchNorm,
  classTokenLayer,
  geluLayer,
  globalAveragePoolLayer,
  layerNormLayer,
  multiHeadAttentionLayer,
  positionEmbeddingLayer,
} from '@pleat/ops';
import * as tf from '@tensorflow/tfjs';
import { type Scheme, seededInitializer } from './initial.ts';

type Symbolic = tf.SymbolicTensor;

/** The nonlinearities a model may choose from: the exact GELU, its tanh form, ReLU. */
export const activations = ['gelu', 'gelu_new', 'relu'] as const;

/** Elementwise nonlinearity between convolutions. */
export type Activation = (typeof activations)[number];

interface ConvOptions {
  filters: number;
  kernelSize: number;
  strides?: number;
  padding?: 'valid' | 'same';
  useBias?: boolean;
}

/** Appends named layers to a functional model, all started from one seed by one scheme. */
export interface LayerMaker {
  conv(x: Symbolic, name: string, options: ConvOptions): Symbolic;
  /** 3 x 3 with one pixel of zeros on every side, whatever the stride. */
  conv3x3(x: Symbolic, name: string, filters: number, stride?: number): Symbolic;
  depthwise(x: Symbolic, name: string, kernelSize: number, useBias: boolean): Symbolic;
  dense(x: Symbolic, name: string, units: number): Symbolic;
  attention(x: Symbolic, name: string, heads: number): Symbolic;
  classToken(x: Symbolic, name: string): Symbolic;
  positionEmbedding(x: Symbolic, name: string): Symbolic;
  batchNorm(x: Symbolic, name: string): Symbolic;
  layerNorm(x: Symbolic, name: string, epsilon: number): Symbolic;
  activate(x: Symbolic, name: string, kind: Activation): Symbolic;
  relu(x: Symbolic, name: string): Symbolic;
  add(xs: Symbolic[], name: string): Symbolic;
  /** Stride 2; a side is rounded up, and windows over its end see the pixels that are there. */
  maxPool(x: Symbolic, name: string, poolSize: number): Symbolic;
  globalAveragePool(x: Symbolic, name: string): Symbolic;
}

/**
 * Makes layers of one model.
 *
 * @param options `seed`: whole number >= 0; `scheme`: how kernels start. Biases start at zero.
 */
export function layerMaker({ seed, scheme }: { seed: number; scheme: Scheme }): LayerMaker {
  const start = (name: string, fanIn: number, fanOut: number) =>
    seededInitializer({ seed, name, scheme, fanIn, fanOut });
  const append = (layer: tf.layers.Layer, x: Symbolic | Symbolic[]) => layer.apply(x) as Symbolic;
  const make: LayerMaker = {
    conv(x, name, { filters, kernelSize, strides = 1, padding = 'valid', useBias = false }) {
      const taps = kernelSize * kernelSize;
      const kernelInitializer = start(name, taps * x.shape[3]!, taps * filters);
      const args = { name, filters, kernelSize, strides, padding, useBias, kernelInitializer };
      return append(tf.layers.conv2d(args), x);
    },
    conv3x3(x, name, filters, stride = 1) {
      if (stride === 1) return make.conv(x, name, { filters, kernelSize: 3, padding: 'same' });
      // With a stride, 'same' would pad below and to the right only, and look at other pixels than the shortcut does.
      const padded = append(tf.layers.zeroPadding2d({ name: `${name}_pad`, padding: [1, 1] }), x);
      return make.conv(padded, name, { filters, kernelSize: 3, strides: stride });
    },
    depthwise(x, name, kernelSize, useBias) {
      const taps = kernelSize * kernelSize;
      const depthwiseInitializer = start(name, taps, taps);
      const args = { name, kernelSize, padding: 'same', useBias, depthwiseInitializer } as const;
      return append(tf.layers.depthwiseConv2d(args), x);
    },
    dense(x, name, units) {
      const kernelInitializer = start(name, x.shape.at(-1)!, units);
      return append(tf.layers.dense({ name, units, kernelInitializer }), x);
    },
    attention(x, name, heads) {
      const dim = x.shape.at(-1)!;
      const kernelInitializer = start(name, dim, dim);
      return append(multiHeadAttentionLayer({ name, heads, kernelInitializer }), x);
    },
    classToken: (x, name) => append(classTokenLayer({ name, initializer: start(name, 1, 1) }), x),
    positionEmbedding: (x, name) =>
      append(positionEmbeddingLayer({ name, initializer: start(name, 1, 1) }), x),
    batchNorm: (x, name) => append(batchNorm({ name }), x),
    layerNorm: (x, name, epsilon) => append(layerNormLayer({ name, epsilon }), x),
    activate: (x, name, kind) =>
      kind === 'relu'
        ? make.relu(x, name)
        : append(geluLayer({ name, approximate: kind === 'gelu_new' }), x),
    relu: (x, name) => append(tf.layers.activation({ name, activation: 'relu' }), x),
    add: (xs, name) => append(tf.layers.add({ name }), xs),
    maxPool: (x, name, poolSize) =>
      append(tf.layers.maxPooling2d({ name, poolSize, strides: 2, padding: 'same' }), x),
    globalAveragePool: (x, name) => append(globalAveragePoolLayer({ name }), x),
  };
  return make;
}
