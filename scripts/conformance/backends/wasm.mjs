// tfjs' wasm backend with Pleat's kernels. One thread: the same code runs, and a run is repeatable.
import { registerWasm } from '@pleat/backend-wasm';

await registerWasm({ threads: 1 });

export const backend = 'wasm';
