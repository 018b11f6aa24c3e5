// Sets the engine that is asked for, and says what it is.
import * as tf from '@tensorflow/tfjs';

const starts = {
  async torch({ threads }) {
    const { registerTorch } = await import('@pleat/backend-torch');
    const { version } = await registerTorch({ threads });
    await tf.setBackend('torch');
    return `libtorch ${version} on the processor, ${threads} threads`;
  },
  async cuda({ threads, precision }) {
    const { registerCuda } = await import('@pleat/backend-cuda');
    const { backend, engine, version, device } = await registerCuda({
      torch: { threads, precision },
    });
    await tf.setBackend(backend);
    return `${engine} ${version} on ${device.name}, ${precision}`;
  },
  async wasm({ threads }) {
    const { registerWasm } = await import('@pleat/backend-wasm');
    await registerWasm({ threads });
    await tf.setBackend('wasm');
    return `tfjs wasm, ${threads} threads`;
  },
};

/** Engines by the name given on the command line. */
export const engineNames = Object.keys(starts);

/**
 * @param name one of `engineNames`
 * @param options threads of a process; precision of products on a GPU
 * @returns what computes, in words
 */
export async function startEngine(name, { threads = 1, precision = 'tf32' } = {}) {
  const start = starts[name];
  if (start === undefined) {
    throw new Error(`--engine must be one of ${engineNames.join(', ')}, got '${name}'.`);
  }
  const words = await start({ threads, precision });
  tf.enableProdMode();
  return words;
}
