import * as tf from '@tensorflow/tfjs';
import { loadPackage } from './load.ts';
import { locateTensorflow, type TensorflowLocation, type TensorflowPackage } from './locate.ts';
import { repair } from './repair.ts';

/** How `registerTensorflow` sets up. */
export interface TensorflowOptions {
  /** Folder of the package; default the first usable one of `locateTensorflow`. */
  path?: string;
  /** Threads of an op, read by TensorFlow at the first registration in a process; default all. */
  threads?: number;
}

/** What `registerTensorflow` has set up. */
export interface TensorflowInfo {
  package: TensorflowPackage;
  folder: string;
  /** Version of TensorFlow itself, such as '2.21.0'. */
  tensorflow: string;
  /** Whether it computes on a GPU. */
  gpu: boolean;
}

/** No tfjs-node on this machine can be used; `locations` says what was found. */
export class TensorflowNotFoundError extends Error {
  override readonly name = 'TensorflowNotFoundError';
  readonly locations: readonly TensorflowLocation[];

  constructor(locations: readonly TensorflowLocation[]) {
    const found = locations.map(({ origin, problem }) => `\n  ${origin}: ${problem}`).join('');
    super(
      `registerTensorflow: expected an installed tfjs-node, found none that can be used; npm install @tensorflow/tfjs-node, or call installTensorflow() where its hosts are blocked.${found}`,
    );
    this.locations = locations;
  }
}

interface NodeBackend extends tf.KernelBackend {
  isUsingGpuDevice: boolean;
  binding: { TF_Version: string };
}

function choose(path: string | undefined): { folder: string; package: TensorflowPackage } {
  const locations = locateTensorflow();
  const usable = locations.find(({ folder, problem }) =>
    path === undefined ? problem === null : folder === path,
  );
  if (usable) return usable;
  if (path === undefined) throw new TensorflowNotFoundError(locations);
  const name = path.replaceAll('\\', '/').endsWith('-gpu') ? 'tfjs-node-gpu' : 'tfjs-node';
  return { folder: path, package: `@tensorflow/${name}` };
}

/**
 * Registers the backend 'tensorflow' of an installed `@tensorflow/tfjs-node` or `-gpu`, repaired: uploads are copied, whole
 * numbers round to themselves, a GPU's memory is taken as needed, Node 23 and later work. The app then calls
 * `tf.setBackend('tensorflow')`.
 *
 * The package is loaded only now, with the tfjs of this program in place of its own.
 *
 * @param options - `path` (default: the first usable one of `locateTensorflow`), `threads` (default all).
 * @returns The package, its folder, TensorFlow's version, and whether a GPU computes.
 * @throws TensorflowNotFoundError when there is none; Error when it does not load.
 * @example
 * ```js
 * const { tensorflow } = await registerTensorflow();
 * console.log(tensorflow); // 2.21.0
 * ```
 */
export async function registerTensorflow(options: TensorflowOptions = {}): Promise<TensorflowInfo> {
  const { path, threads } = options;
  if (threads !== undefined && !(Number.isInteger(threads) && threads >= 1 && threads <= 1024)) {
    throw new Error(
      `registerTensorflow: expected threads to be a whole number from 1 to 1024, got ${threads}; leave it out for all.`,
    );
  }
  const found = choose(path);
  const before = tf.engine().backendName;
  try {
    loadPackage(found.folder, { threads });
  } catch (error) {
    const [reason] = (error as Error).message.split('\n');
    throw new Error(
      `registerTensorflow: ${found.package} in ${found.folder} does not load (${reason}); install it again, or build it with installTensorflow().`,
      { cause: error },
    );
  }
  const backend = tf.findBackend('tensorflow') as NodeBackend | null;
  if (!backend?.binding) {
    throw new Error(
      `registerTensorflow: ${found.package} in ${found.folder} registers no backend; install it again.`,
    );
  }
  repair(backend);
  // Loading selects it, which is for the app to do.
  if (before && before !== 'tensorflow') await tf.setBackend(before);
  const { isUsingGpuDevice: gpu, binding } = backend;
  return { package: found.package, folder: found.folder, tensorflow: binding.TF_Version, gpu };
}
