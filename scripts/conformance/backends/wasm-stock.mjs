// tfjs' wasm backend as published, to see what Pleat's kernels add.
import { createRequire } from 'node:module';
import { dirname } from 'node:path';
import { setWasmPaths } from '@tensorflow/tfjs-backend-wasm';

const manifest = createRequire(import.meta.url).resolve(
  '@tensorflow/tfjs-backend-wasm/package.json',
);
setWasmPaths(`${dirname(manifest)}/dist/`);

export const backend = 'wasm';
