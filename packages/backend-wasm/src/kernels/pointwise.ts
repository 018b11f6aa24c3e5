import { PleatAdamW, PleatGelu, PleatGeluGrad, PleatSgdMomentum } from '@pleat/ops';
import * as tf from '@tensorflow/tfjs';
import { run } from '../host.ts';
import { allFloat, at, type Body, make, register, reshaped, sizeOf } from './tensor.ts';

const SPAN = 1024;
const spans = (size: number): number => Math.ceil(size / SPAN);

const gelu: Body = ({ host, inputs, attrs }) => {
  const { x } = inputs as { x: tf.TensorInfo };
  const { approximate } = attrs as { approximate: boolean };
  const y = make(host, x.shape);
  const size = sizeOf(x.shape);
  run(host, 'gelu', [at(host, x), at(host, y), size, Number(approximate)], spans(size), SPAN * 4);
  return y;
};

const geluGrad: Body = ({ host, inputs, attrs }) => {
  const { dy, x } = inputs as { dy: tf.TensorInfo; x: tf.TensorInfo };
  const { approximate } = attrs as { approximate: boolean };
  const dx = make(host, x.shape);
  const size = sizeOf(x.shape);
  const args = [at(host, dy), at(host, x), at(host, dx), size, Number(approximate)];
  run(host, 'geluGrad', args, spans(size), SPAN * 8);
  return dx;
};

/** Tensors of one shape, or one of them a single number; the rest is left to the stock kernel. */
function binary(op: number): Body {
  return ({ host, inputs }) => {
    const { a, b } = inputs as { a: tf.TensorInfo; b: tf.TensorInfo };
    if (!allFloat(a, b)) return null;
    const equal = tf.util.arraysEqual(a.shape, b.shape);
    const [sizeA, sizeB] = [sizeOf(a.shape), sizeOf(b.shape)];
    const scalar = equal ? 0 : sizeB === 1 ? 2 : sizeA === 1 ? 1 : -1;
    if (scalar < 0) return null;
    const shape = equal ? a.shape : tf.broadcast_util.assertAndGetBroadcastShape(a.shape, b.shape);
    const out = make(host, shape);
    const size = Math.max(sizeA, sizeB) * Math.min(1, sizeA * sizeB);
    const args = [at(host, a), at(host, b), at(host, out), size, op, scalar];
    run(host, 'binary', args, spans(size), SPAN);
    return out;
  };
}

/** The numbers as they are: the stock kernel copies them, and every gradient clones several times. */
const identity: Body = ({ host, inputs }) => {
  const { x } = inputs as { x: tf.TensorInfo };
  return x.dtype === 'string' ? null : reshaped(host, x, x.shape);
};

const cast: Body = (given) => {
  const { host, inputs, attrs } = given;
  const { x } = inputs as { x: tf.TensorInfo };
  if (x.dtype === attrs.dtype) return identity(given);
  if (attrs.dtype !== 'bool' || (x.dtype !== 'float32' && x.dtype !== 'int32')) return null;
  // The stock kernel keeps the low byte, so that 3 stays 3 and 256 becomes false.
  const out = make(host, x.shape, 'bool');
  const size = sizeOf(x.shape);
  const buffer = host.backend.wasm.HEAPU8.buffer as ArrayBuffer;
  const from = new (x.dtype === 'int32' ? Int32Array : Float32Array)(buffer, at(host, x), size);
  const to = new Uint8Array(buffer, at(host, out), size);
  for (let i = 0; i < size; i++) to[i] = from[i] === 0 ? 0 : 1;
  return out;
};

function unary(op: number): Body {
  return ({ host, inputs, attrs }) => {
    const { x } = inputs as { x: tf.TensorInfo };
    if (!allFloat(x)) return null;
    const y = make(host, x.shape);
    const size = sizeOf(x.shape);
    const { alpha = 0, clipValueMin = alpha, clipValueMax = 0 } = attrs as Record<string, number>;
    const args = [at(host, x), at(host, y), size, op, clipValueMin, clipValueMax];
    run(host, 'unary', args, spans(size), SPAN);
    return y;
  };
}

const adamW: Body = ({ host, inputs, attrs }) => {
  type Name = 'value' | 'gradient' | 'm' | 'v';
  const { value, gradient, m, v } = inputs as Record<Name, tf.TensorInfo>;
  const o = attrs as Record<
    'learningRate' | 'beta1' | 'beta2' | 'epsilon' | 'weightDecay' | 'correction1' | 'correction2',
    number
  >;
  const size = sizeOf(value.shape);
  const outputs = [make(host, value.shape), make(host, value.shape), make(host, value.shape)];
  const pointers = [value, gradient, m, v, ...outputs].map((tensor) => at(host, tensor));
  const rates = [o.learningRate, o.beta1, o.beta2, 1 - o.beta1, 1 - o.beta2, o.epsilon];
  const rest = [1 - o.learningRate * o.weightDecay, 1 / o.correction1, 1 / o.correction2];
  run(host, 'adamW', [...pointers, size, ...rates, ...rest], spans(size), SPAN * 4);
  return outputs;
};

const sgdMomentum: Body = ({ host, inputs, attrs }) => {
  type Name = 'value' | 'gradient' | 'velocity';
  const { value, gradient, velocity } = inputs as Record<Name, tf.TensorInfo>;
  const o = attrs as Record<'learningRate' | 'momentum' | 'dampening' | 'weightDecay', number> & {
    nesterov: boolean;
  };
  const size = sizeOf(value.shape);
  const outputs = [make(host, value.shape), make(host, value.shape)];
  const pointers = [value, gradient, velocity, ...outputs].map((tensor) => at(host, tensor));
  const rates = [o.learningRate, o.momentum, 1 - o.dampening, Number(o.nesterov), o.weightDecay];
  run(host, 'sgdMomentum', [...pointers, size, ...rates], spans(size), SPAN * 4);
  return outputs;
};

/** Registers activations, the four binary operations, copies and the optimisers. */
export function registerPointwise(): void {
  register(PleatGelu, gelu);
  register(PleatGeluGrad, geluGrad);
  register(tf.Relu, unary(0));
  register(tf.Relu6, unary(1));
  register(tf.Step, unary(2));
  register(tf.ClipByValue, unary(3));
  register(tf.Identity, identity);
  register(tf.Cast, cast);
  register(tf.Add, binary(0));
  register(tf.Sub, binary(1));
  register(tf.Multiply, binary(2));
  register(tf.RealDiv, binary(3));
  register(PleatAdamW, adamW);
  register(PleatSgdMomentum, sgdMomentum);
}
