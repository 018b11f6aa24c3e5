import { createRequire, Module } from 'node:module';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import util from 'node:util';
import * as tf from '@tensorflow/tfjs';

/** tfjs-node 4.22 calls functions that Node 23 removed. */
function restoreUtil(): void {
  const old = util as unknown as Record<string, unknown>;
  old.isNullOrUndefined ??= (value: unknown) => value === null || value === undefined;
  old.isArray ??= Array.isArray;
}

/**
 * tfjs' exports, of which classes may also be called: tfjs-node's own classes, compiled to functions, call their parents.
 * A bundled tfjs has true classes, which refuse that.
 */
function callableExports(): Record<string, unknown> {
  const isClass = (value: unknown): value is new () => object =>
    typeof value === 'function' && /^class\b/.test(Function.prototype.toString.call(value));
  const open = (value: unknown): unknown =>
    isClass(value)
      ? new Proxy(value, {
          apply: (parent, self: object, args) =>
            Reflect.construct(parent, args, self.constructor as new () => object),
        })
      : value;
  return Object.fromEntries(Object.entries(tf).map(([name, value]) => [name, open(value)]));
}

/**
 * Lets a package find the tfjs of this program where it would load one of its own: two of them would each register kernels
 * and gradients in the same tables.
 */
function shareTfjs(require: NodeJS.Require): void {
  const path = require.resolve('@tensorflow/tfjs');
  if (require.cache[path]) return;
  const shared = new Module(path);
  shared.filename = path;
  shared.loaded = true;
  shared.exports = callableExports();
  require.cache[path] = shared;
}

/** What TensorFlow reads from the environment as it is loaded. */
export interface LoadOptions {
  /** Threads of an op; undefined for all. */
  threads: number | undefined;
}

/**
 * Loads tfjs-node from its folder; it registers the backend 'tensorflow' and would select it.
 *
 * The environment is read once in a process: a second call changes nothing.
 *
 * @throws Error when its compiled part does not load
 */
export function loadPackage(folder: string, { threads }: LoadOptions): void {
  restoreUtil();
  // Without growth TensorFlow takes the whole memory of a GPU at once.
  process.env.TF_FORCE_GPU_ALLOW_GROWTH ??= 'true';
  // Gradients of convolutions of one channel come out wrong, each time otherwise, with oneDNN's kernels for AVX-512 (seen in TensorFlow
  // 2.21; right up to AVX2). This variable is TensorFlow's alone: oneDNN's own would slow a libtorch in the same process.
  process.env.TF_ENABLE_ONEDNN_OPTS ??= '0';
  // Its greetings; errors stay.
  process.env.TF_CPP_MIN_LOG_LEVEL ??= '2';
  if (threads !== undefined) {
    process.env.TF_NUM_INTRAOP_THREADS = String(threads);
    process.env.TF_NUM_INTEROP_THREADS = '1';
  }
  const require = createRequire(pathToFileURL(join(folder, 'package.json')).href);
  shareTfjs(require);
  require(folder);
}
