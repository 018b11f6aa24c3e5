import * as tf from '@tensorflow/tfjs';
import type { TorchBackend } from './backend.ts';

type Infos = Record<string, tf.TensorInfo | tf.TensorInfo[] | undefined>;
type CpuBackend = tf.KernelBackend & { firstUse?: boolean };

const counts = new Map<string, number>();

/**
 * Says how often kernels have run on tfjs' cpu backend because libtorch has no op for them.
 *
 * @returns The number of calls by kernel name, since the start of the program.
 */
export function fallbackCounts(): Record<string, number> {
  return Object.fromEntries(counts);
}

function count(name: string): void {
  const before = counts.get(name) ?? 0;
  counts.set(name, before + 1);
  if (before === 0 && !tf.env().getBool('IS_TEST')) {
    console.warn(`torch: ${name} runs on tfjs' cpu backend, on copies of its inputs.`);
  }
}

function toCpu(torch: TorchBackend, cpu: CpuBackend, info: tf.TensorInfo): tf.TensorInfo {
  const { shape, dtype } = info;
  if (dtype === 'complex64') {
    const { real, imag } = torch.parts(info);
    const inputs = {
      real: toCpu(torch, cpu, { ...real, shape }),
      imag: toCpu(torch, cpu, { ...imag, shape }),
    };
    const made = kernel('Complex')({ inputs, attrs: {}, backend: cpu }) as tf.TensorInfo;
    // Complex takes references of its own.
    cpu.disposeData(inputs.real.dataId);
    cpu.disposeData(inputs.imag.dataId);
    return made;
  }
  const dataId = {};
  cpu.move(dataId, torch.readSync(info.dataId), shape, dtype, 1);
  // Some kernels ask for a tensor's rank, which is more than an info has.
  return { dataId, shape, dtype, rank: shape.length } as tf.TensorInfo;
}

function fromCpu(torch: TorchBackend, cpu: CpuBackend, info: tf.TensorInfo): tf.TensorInfo {
  const { shape, dtype } = info;
  if (dtype === 'complex64') {
    const part = (name: string) => {
      const taken = kernel(name)({
        inputs: { input: info },
        attrs: {},
        backend: cpu,
      }) as tf.TensorInfo;
      const made = fromCpu(torch, cpu, taken);
      cpu.disposeData(taken.dataId);
      return made;
    };
    return torch.complex(part('Real'), part('Imag'));
  }
  return torch.make(cpu.readSync(info.dataId), shape, dtype);
}

function kernel(name: string): tf.KernelFunc {
  const config = tf.getKernel(name, 'cpu');
  if (config === undefined) {
    throw new Error(
      `torch: expected a kernel ${name} in tfjs' cpu backend, found none; import '@tensorflow/tfjs', which brings it.`,
    );
  }
  return config.kernelFunc;
}

/** Runs a kernel on tfjs' cpu backend, on copies of its inputs. */
export function runOnCpu(
  name: string,
  torch: TorchBackend,
  inputs: Infos,
  attrs: tf.NamedAttrMap,
): tf.TensorInfo | tf.TensorInfo[] {
  count(name);
  const run = kernel(name);
  const cpu = tf.findBackend('cpu') as CpuBackend;
  // Else its first tensor brings advice to install another engine.
  cpu.firstUse = false;
  const owned: tf.TensorInfo[] = [];
  const copy = (info: tf.TensorInfo) => {
    const made = toCpu(torch, cpu, info);
    owned.push(made);
    return made;
  };
  try {
    const copies = Array.isArray(inputs)
      ? inputs.map(copy)
      : Object.fromEntries(
          Object.entries(inputs).map(([key, value]) => [
            key,
            Array.isArray(value) ? value.map(copy) : value && copy(value),
          ]),
        );
    const made = run({ inputs: copies as unknown as tf.NamedTensorInfoMap, attrs, backend: cpu });
    const results = Array.isArray(made) ? made : [made];
    owned.push(...results);
    const outputs = results.map((info) => fromCpu(torch, cpu, info));
    return Array.isArray(made) ? outputs : outputs[0]!;
  } finally {
    for (const { dataId } of owned) cpu.disposeData(dataId);
  }
}
