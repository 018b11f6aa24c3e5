import type { Options } from 'tsup';

const config: Options = {
  // The worker is a script of its own, found beside index.js by its address.
  entry: { index: 'src/index.ts', browser: 'src/browser.ts', worker: 'src/worker.ts' },
  format: 'esm',
  target: 'es2022',
  dts: { entry: { index: 'src/index.ts', browser: 'src/browser.ts' } },
  sourcemap: true,
  clean: true,
};

export default config;
