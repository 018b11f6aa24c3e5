// tfjs' wasm backend with Pleat's kernels, on one thread: threads change no result, bit for bit.
import { registerWasm } from '@pleat/backend-wasm';
import { engine } from '@tensorflow/tfjs-core';

await registerWasm({ threads: 1 });

// Between groups of specs tfjs-core disposes of every backend; one WebAssembly instance serves them all.
engine().findBackend('wasm').dispose = () => {};

export const backend = 'wasm';
