// Finds a tfjs-node for tests that want one, or builds it inside the checkout (npm, pip, a C++ compiler).
import { join } from 'node:path';
import { root } from './workspace.mjs';

const cache = join(root, 'node_modules', '.cache', 'pleat', 'tensorflow');

/**
 * The folder of a usable tfjs-node; needs a built checkout.
 *
 * @returns {Promise<{ folder?: string, why: string }>} `why` says in one line what was found, or what was not.
 */
export async function findTensorflow() {
  const { installTensorflow, locateTensorflow } = await import(
    '../packages/backend-cuda/dist/index.js'
  );
  const tell = (found) => ({
    folder: found.folder,
    why: `${found.origin}: ${found.package} ${found.version} in ${found.folder}`,
  });
  const found = locateTensorflow({ cache }).find(({ problem }) => problem === null);
  if (found) return tell(found);
  const onProgress = ({ phase, line }) => {
    if (line === null) console.log(`tfjs-node: ${phase}`);
  };
  try {
    return tell(await installTensorflow({ cache, onProgress }));
  } catch (error) {
    return { why: error.message };
  }
}
