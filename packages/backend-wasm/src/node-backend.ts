import { BackendWasm } from '@tensorflow/tfjs-backend-wasm';
import type { WasmBackend } from './host.ts';

type Settings = Record<string, unknown>;
interface TfjsModule {
  cwrap(name: string, result: string | null, args: string[]): (...args: number[]) => number;
  tfjs?: Record<string, unknown>;
}

/**
 * Answers as the worker of a thread that is never used: the threaded build starts eight before it is
 * ready, but XNNPACK runs on one thread here and the pool of this package does the sharing.
 */
class IdleWorker {
  #listen: ((message: unknown) => void) | undefined;
  on(event: string, listener: (message: unknown) => void): void {
    if (event === 'message') this.#listen = listener;
  }
  postMessage(message: { cmd?: string }): void {
    if (message.cmd === 'load') queueMicrotask(() => this.#listen?.({ cmd: 'loaded' }));
  }
  unref(): void {}
  terminate(): void {}
}

/** Loads the published threaded build, whose memory threads can share, into a tfjs backend. */
export async function threadedBackend(): Promise<WasmBackend> {
  const fs = process.getBuiltinModule('node:fs');
  const path = process.getBuiltinModule('node:path');
  const { createRequire } = process.getBuiltinModule('node:module');
  const require = createRequire(import.meta.url);
  const root = path.dirname(require.resolve('@tensorflow/tfjs-backend-wasm/package.json'));
  const folder = path.join(root, 'wasm-out');
  const script = path.join(folder, 'tfjs-backend-wasm-threaded-simd.js');
  // The script is given stand-ins for what it would leave behind in the process: workers, a global
  // Worker, handlers of uncaught errors.
  const names = [
    'module',
    'exports',
    'require',
    '__filename',
    '__dirname',
    'global',
    'Worker',
    'process',
  ];
  const module: { exports: unknown } = { exports: {} };
  const standIn = {
    versions: process.versions,
    argv: [],
    on(): void {},
    listeners: () => [],
    removeListener(): void {},
    hrtime: process.hrtime,
  };
  const evaluate = new Function(...names, fs.readFileSync(script, 'utf8'));
  const requireInside = (name: string): unknown => {
    if (name === 'worker_threads') return { Worker: IdleWorker };
    if (name === 'os') return { cpus: () => [{}] };
    return require(`node:${name}`);
  };
  const values = [module, module.exports, requireInside, script, folder, {}, IdleWorker, standIn];
  evaluate(...values);
  const factory = module.exports as (settings: Settings) => Promise<TfjsModule>;
  const tfjs = await factory({
    wasmBinary: fs.readFileSync(path.join(folder, 'tfjs-backend-wasm-threaded-simd.wasm')),
    locateFile: (name: string) => path.join(folder, name),
    mainScriptUrlOrBlob: script,
  });
  // What init() of the package adds to a module.
  const initialise = tfjs.cwrap('init_with_threads_count', null, ['number']);
  tfjs.tfjs = {
    init: tfjs.cwrap('init', null, []),
    initWithThreadsCount: () => initialise(1),
    getThreadsCount: tfjs.cwrap('get_threads_count', 'number', []),
    registerTensor: tfjs.cwrap('register_tensor', null, ['number', 'number', 'number']),
    disposeData: tfjs.cwrap('dispose_data', null, ['number']),
    dispose: tfjs.cwrap('dispose', null, []),
  };
  type Module = ConstructorParameters<typeof BackendWasm>[0];
  return new BackendWasm(tfjs as unknown as Module) as unknown as WasmBackend;
}
