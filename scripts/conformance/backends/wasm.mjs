// tfjs' wasm backend with Pleat's kernels, on one thread: threads change no result, bit for bit.
import { registerWasm } from '@pleat/backend-wasm';

await registerWasm({ threads: 1 });

export const backend = 'wasm';
