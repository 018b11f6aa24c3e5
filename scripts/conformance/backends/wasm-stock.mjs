// tfjs' wasm backend as published, to see what Pleat's kernels add.

import { wasmFolder } from 'conformance:paths';
import { setWasmPaths } from '@tensorflow/tfjs-backend-wasm';

setWasmPaths(wasmFolder);

export const backend = 'wasm';
