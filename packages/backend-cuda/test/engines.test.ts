import type { TorchLocation } from '@pleat/backend-torch';
import { describe, expect, test, vi } from 'vitest';
import { tensorflowCandidate } from '../src/engines/tensorflow.ts';
import { type TorchChoice, torchCandidate } from '../src/engines/torch.ts';
import type { TensorflowLocation } from '../src/tensorflow/locate.ts';
import { gpu, standInDriver } from './fixtures/stand-ins.ts';

function libtorch(changes: Partial<TorchLocation> = {}): TorchLocation {
  return {
    source: 'python',
    origin: 'python3',
    folder: '/made/up/torch/lib',
    version: '2.11.0+cu130',
    devices: ['cpu', 'cuda'],
    cuda: '13.0',
    problem: null,
    ...changes,
  };
}

function startTorch(
  locations: TorchLocation[],
  { cuda = '13.0', index = 0, choice = {} as TorchChoice } = {},
) {
  const register = vi.fn(async ({ device, path }) => ({ device, path, version: '2.11' }) as never);
  const candidate = torchCandidate(choice, { locate: async () => locations, register });
  const started = candidate.start({ ...gpu, index }, standInDriver({ cuda, count: index + 1 }));
  return { started, register };
}

describe('libtorch on a GPU', () => {
  test('is the first that was built with CUDA, with the device and the options handed on', async () => {
    const plain = libtorch({ folder: '/made/up/cpu', devices: ['cpu'], cuda: null });
    const choice = { precision: 'tf32', threads: 4 } as const;
    const { started, register } = startTorch([plain, libtorch()], { index: 1, choice });
    expect(await started).toEqual({
      backend: 'torch',
      version: '2.11',
      path: '/made/up/torch/lib',
      device: 'cuda:1',
    });
    expect(register).toHaveBeenCalledWith({
      device: 'cuda:1',
      path: '/made/up/torch/lib',
      precision: 'tf32',
      threads: 4,
    });
  });

  test('runs on a driver of the same major version of CUDA, and is left out on an older', async () => {
    await expect(startTorch([libtorch({ cuda: '13.2' })]).started).resolves.toBeDefined();
    const older = libtorch({ folder: '/made/up/older', cuda: '12.8' });
    const { started } = startTorch([libtorch(), older], { cuda: '12.4' });
    expect((await started).path).toBe('/made/up/older');
    await expect(startTorch([libtorch()], { cuda: '12.4' }).started).rejects.toThrow(
      'the libtorch of python3 was built with CUDA 13.0, and the driver runs CUDA 12.4 at most; update the NVIDIA driver',
    );
  });

  test('built without CUDA is not enough', async () => {
    const plain = libtorch({ version: '2.13.0+cpu', devices: ['cpu'], cuda: null });
    await expect(startTorch([plain]).started).rejects.toThrow(
      'was built without CUDA (python3: torch 2.13.0+cpu (cpu) in /made/up/torch/lib); pip install torch',
    );
  });

  test('that is absent or unusable says what was seen', async () => {
    await expect(startTorch([]).started).rejects.toThrow('there is no libtorch that can be used; ');
    const broken = libtorch({ problem: 'libc10.so is missing beside it' });
    await expect(startTorch([broken]).started).rejects.toThrow('libc10.so is missing beside it');
  });
});

function tfjsNode(changes: Partial<TensorflowLocation> = {}): TensorflowLocation {
  return {
    package: '@tensorflow/tfjs-node-gpu',
    origin: '/srv/app',
    folder: '/made/up/tfjs-node-gpu',
    version: '4.22.0',
    problem: null,
    ...changes,
  };
}

function startTensorflow(
  locations: TensorflowLocation[],
  { usesGpu = true, absent = [] as string[], index = 0 } = {},
) {
  const library = { func: () => () => 0 };
  return tensorflowCandidate({
    locate: () => locations,
    register: async ({ path } = {}) => ({
      package: '@tensorflow/tfjs-node-gpu',
      folder: path!,
      tensorflow: '2.9.1',
      gpu: usesGpu,
    }),
    open: ([name]) => (absent.includes(name!) ? undefined : library),
  }).start({ ...gpu, index }, standInDriver({ count: index + 1 }));
}

describe('tfjs-node-gpu', () => {
  test('is taken when TensorFlow uses the GPU', async () => {
    const cpu = tfjsNode({ package: '@tensorflow/tfjs-node', folder: '/made/up/tfjs-node' });
    expect(await startTensorflow([cpu, tfjsNode()])).toEqual({
      backend: 'tensorflow',
      version: '2.9.1',
      path: '/made/up/tfjs-node-gpu',
      device: 'cuda:0',
    });
  });

  test('that is not installed, or whose compiled part is missing, says so', async () => {
    await expect(startTensorflow([])).rejects.toThrow('npm install @tensorflow/tfjs-node-gpu');
    await expect(
      startTensorflow([tfjsNode({ problem: 'it has no compiled part' })]),
    ).rejects.toThrow('it has no compiled part (/srv/app)');
  });

  test('that falls back to the processor names the libraries that cannot be loaded', async () => {
    const started = startTensorflow([tfjsNode()], {
      usesGpu: false,
      absent: ['libcudnn.so.8', 'libcublas.so.11'],
    });
    await expect(started).rejects.toThrow(
      'TensorFlow 2.9.1 of @tensorflow/tfjs-node-gpu 4.22.0 does not use the GPU: it wants CUDA 11.2 and cuDNN 8.1, of which libcublas.so.11, libcudnn.so.8 cannot be loaded',
    );
    await expect(startTensorflow([tfjsNode()], { usesGpu: false })).rejects.toThrow(
      'TF_CPP_MIN_LOG_LEVEL=0',
    );
  });

  test('takes the first GPU alone', async () => {
    await expect(startTensorflow([tfjsNode()], { index: 2 })).rejects.toThrow(
      'start Node.js with CUDA_VISIBLE_DEVICES=2 and ask for device 0',
    );
  });
});
