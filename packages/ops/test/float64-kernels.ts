/** The kernel contract on the cpu backend, in float64 by plain loops: a second implementation to run the ops on. */
import * as tf from '@tensorflow/tfjs';
import { type KernelName, selectTopK } from '../src/index.ts';
import * as closed from './closed-forms.ts';
import type { Vector } from './reference.ts';
import * as reference from './reference.ts';

type Result = { shape: readonly number[]; values: ArrayLike<number> };
type Numbers = Record<string, number>;
interface Call {
  v(name: string): Vector;
  shape(name: string): number[];
  attrs: Numbers & { approximate?: boolean };
}

const same = (call: Call, name: string, values: ArrayLike<number>): Result => ({
  shape: call.shape(name),
  values,
});
const vector = (values: ArrayLike<number>): Result => ({ shape: [values.length], values });

const kernels: Partial<Record<KernelName, (call: Call) => Result[]>> = {
  PleatGelu: (call) => [
    same(call, 'x', reference.gelu(call.v('x'), call.attrs.approximate === true)),
  ],
  PleatGeluGrad: (call) => [
    same(
      call,
      'x',
      closed.geluGradient(call.v('dy'), call.v('x'), call.attrs.approximate === true),
    ),
  ],
  PleatBatchNormTrain: (call) => {
    const [x, gamma, beta] = [call.v('x'), call.v('gamma'), call.v('beta')];
    const { mean, variance } = reference.columnMoments(x, gamma.length);
    const y = reference.batchNormTrain(x, gamma, beta, call.attrs.epsilon!);
    return [same(call, 'x', y), vector(mean), vector(variance)];
  },
  PleatBatchNormTrainGrad: (call) => {
    const [dy, x, gamma] = [call.v('dy'), call.v('x'), call.v('gamma')];
    const { mean, variance } = reference.columnMoments(x, gamma.length);
    // The op must hand on what the forward kernel gave.
    mean.forEach((m, i) => {
      if (Math.abs(m - call.v('mean')[i]!) > 1e-6) throw new Error('wrong mean');
      if (Math.abs(variance[i]! - call.v('variance')[i]!) > 1e-5) throw new Error('wrong variance');
    });
    const [dx, dgamma, dbeta] = closed.batchNormGradient(dy, x, gamma, call.attrs.epsilon!);
    return [same(call, 'x', dx), vector(dgamma), vector(dbeta)];
  },
  PleatLayerNorm: (call) => {
    const [x, gamma, beta] = [call.v('x'), call.v('gamma'), call.v('beta')];
    const { mean, variance } = reference.rowMoments(x, gamma.length);
    const epsilon = call.attrs.epsilon!;
    const y = reference.layerNorm(x, gamma, beta, epsilon);
    return [same(call, 'x', y), vector(mean), vector(variance.map((v) => (v + epsilon) ** -0.5))];
  },
  PleatLayerNormGrad: (call) => {
    const [x, gamma] = [call.v('x'), call.v('gamma')];
    const { variance } = reference.rowMoments(x, gamma.length);
    const epsilon = call.v('invStd')[0]! ** -2 - variance[0]!;
    const [dx, dgamma, dbeta] = closed.layerNormGradient(call.v('dy'), x, gamma, epsilon);
    return [same(call, 'x', dx), vector(dgamma), vector(dbeta)];
  },
  PleatSoftmaxCrossEntropy: (call) => {
    const [n, c] = call.shape('logits') as [number, number];
    const logits = call.v('logits');
    const smoothing = call.attrs.labelSmoothing!;
    const p = reference.softmaxRows(logits, c);
    const loss = new Float64Array(n);
    const gradient = p.map((probability, i) => {
      const row = Math.floor(i / c);
      const hot = call.v('labels')[row] === i % c ? 1 : 0;
      const target = (1 - smoothing) * hot + smoothing / c;
      loss[row]! -= target * Math.log(probability);
      return probability - target;
    });
    return [vector(loss), same(call, 'logits', gradient)];
  },
  PleatGlobalAveragePool: (call) => {
    const [n, h, w, c] = call.shape('x') as [number, number, number, number];
    const y = new Float64Array(n * c);
    call.v('x').forEach((v, i) => {
      y[Math.floor(i / (h * w * c)) * c + (i % c)]! += v / (h * w);
    });
    return [{ shape: [n, c], values: y }];
  },
  PleatGlobalAveragePoolGrad: (call) => {
    const [n, c] = call.shape('dy') as [number, number];
    const { height, width } = call.attrs as { height: number; width: number };
    const dx = Float64Array.from(
      { length: n * height * width * c },
      (_, i) =>
        call.v('dy')[Math.floor(i / (height * width * c)) * c + (i % c)]! / (height * width),
    );
    return [{ shape: [n, height, width, c], values: dx }];
  },
  PleatTopKMask: (call) => [
    same(call, 'scores', selectTopK(Float32Array.from(call.v('scores')), call.attrs.k!)),
  ],
  PleatAttention: (call) => {
    const [, , t, d] = call.shape('q') as [number, number, number, number];
    const args = [call.v('q'), call.v('k'), call.v('v'), t, d, call.attrs.scale!] as const;
    return [same(call, 'q', closed.attentionForward(...args))];
  },
  PleatAttentionGrad: (call) => {
    const [, , t, d] = call.shape('q') as [number, number, number, number];
    const args = [call.v('q'), call.v('k'), call.v('v'), t, d, call.attrs.scale!] as const;
    return closed.attentionGradient(call.v('dy'), ...args).map((grad) => same(call, 'q', grad));
  },
};

/** Registers them; `calls` counts, `remove` takes them away. */
export function registerFloat64Kernels(): { calls: Map<string, number>; remove(): void } {
  const calls = new Map<string, number>();
  for (const [kernelName, run] of Object.entries(kernels)) {
    tf.registerKernel({
      kernelName,
      backendName: 'cpu',
      kernelFunc: ({ inputs, attrs }) => {
        calls.set(kernelName, (calls.get(kernelName) ?? 0) + 1);
        const results = run({
          v: (name) => Float64Array.from((inputs[name] as tf.Tensor).dataSync()),
          shape: (name) => inputs[name]!.shape,
          attrs: attrs as unknown as Call['attrs'],
        });
        return results.map(({ shape, values }) =>
          tf.tensor(Float32Array.from(values), [...shape], 'float32'),
        );
      },
    });
  }
  return {
    calls,
    remove: () => {
      for (const name of Object.keys(kernels)) tf.unregisterKernel(name, 'cpu');
    },
  };
}
