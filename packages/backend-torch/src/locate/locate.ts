import { engineCache, privateCopies } from './cache.ts';
import { TorchNotFoundError } from './errors.ts';
import { examine } from './examine.ts';
import { findPythons, pythonCommands } from './python.ts';
import type { TorchDevice, TorchLocation } from './types.ts';

/** Where {@link locateTorch} looks. */
export interface LocateOptions {
  /** Folder of private copies; default `PLEAT_CACHE`/torch, else pleat/torch in the user's cache folder. */
  cache?: string;
  /** Commands that start a Python; default `PLEAT_PYTHON`, else python3 and python. */
  pythons?: readonly string[];
  /** What {@link chooseTorch} must find a build for; default 'cpu', which every build is for. */
  device?: TorchDevice;
}

/**
 * Lists every libtorch this machine offers, in the order of preference, without loading any.
 *
 * First the folders that `PLEAT_TORCH` and `TORCH_LIB` name, then the torch package of Python, then the private copies
 * that `installTorch` made, newest first. A folder may be the one of the libraries, or a torch package, a
 * site-packages folder or an unpacked libtorch archive.
 *
 * @returns one entry a place; the first whose `problem` is null is the one to use
 * @example
 * for (const location of await locateTorch()) console.log(describeTorch(location));
 * // python3: torch 2.13.0+cpu (cpu) in /usr/lib/python3/dist-packages/torch/lib
 */
export async function locateTorch(options: LocateOptions = {}): Promise<TorchLocation[]> {
  const { cache = engineCache('torch'), pythons = pythonCommands() } = options;
  const named = (['PLEAT_TORCH', 'TORCH_LIB'] as const).flatMap((variable) => {
    const folder = process.env[variable];
    return folder ? [examine(folder, 'environment', variable)] : [];
  });
  const offered = (await findPythons(pythons)).map(async ({ command, folder }) =>
    folder === null
      ? nothing('python', command, 'this Python has no torch package')
      : await examine(folder, 'python', command),
  );
  const kept = privateCopies(cache).map((copy) => examine(copy, 'private', 'private copy'));
  const locations = await Promise.all([...named, ...offered, ...kept]);
  // python3 and python are often one program: what they share is told once.
  return locations.filter(
    ({ folder }, index) =>
      folder === null || locations.findIndex((other) => other.folder === folder) === index,
  );
}

/**
 * Chooses the libtorch to load: the first that nothing speaks against.
 *
 * @param options where to look
 * @throws TorchNotFoundError when there is none; its message lists what was found and what each lacks
 * @example
 * const { folder, version } = await chooseTorch();
 * console.log(version); // 2.13.0+cpu
 */
export async function chooseTorch(
  options: LocateOptions = {},
): Promise<TorchLocation & { folder: string }> {
  const { device = 'cpu' } = options;
  const locations = await locateTorch(options);
  for (const location of locations) {
    const { folder, problem, devices } = location;
    const usable = problem === null && devices.includes(device);
    if (folder !== null && usable) return { ...location, folder };
  }
  throw new TorchNotFoundError(locations, device);
}

function nothing(source: 'python', origin: string, problem: string): TorchLocation {
  return { source, origin, folder: null, version: null, devices: [], cuda: null, problem };
}
