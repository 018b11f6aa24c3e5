// Finds a libtorch for tests that want one, or lets pip make a private copy inside the checkout.
import { join } from 'node:path';
import { root } from './workspace.mjs';

const cache = join(root, 'node_modules', '.cache', 'pleat', 'torch');

/**
 * The folder of a usable libtorch; needs a built checkout.
 *
 * @returns {Promise<{ folder?: string, why: string }>} `why` says in one line what was found, or what was not.
 */
export async function findTorch() {
  const { chooseTorch, describeTorch, installTorch } = await import(
    '../packages/backend-torch/dist/index.js'
  );
  const found = await chooseTorch({ cache }).catch(() => undefined);
  if (found) return { folder: found.folder, why: describeTorch(found) };
  let phase = '';
  const onProgress = (progress) => {
    if (progress.phase !== phase) console.log(`libtorch: ${progress.phase}`);
    phase = progress.phase;
  };
  try {
    const made = await installTorch({ cache, onProgress });
    return { folder: made.folder, why: describeTorch(made) };
  } catch (error) {
    return { why: error.message };
  }
}
