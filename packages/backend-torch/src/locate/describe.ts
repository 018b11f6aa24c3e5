import type { TorchLocation } from './types.ts';

/**
 * Says in one line what a place holds and why it is not used.
 *
 * @param location one of those that `locateTorch` returns
 * @example
 * const [location] = await locateTorch();
 * console.log(describeTorch(location)); // python3: torch 2.13.0+cpu (cpu) in /usr/lib/python3/dist-packages/torch/lib
 */
export function describeTorch(location: TorchLocation): string {
  const { origin, folder, version, devices, cuda, problem } = location;
  if (folder === null) return `${origin}: ${problem}`;
  const names = devices.map((device) => (device === 'cuda' && cuda ? `cuda ${cuda}` : device));
  const what = `torch ${version ?? 'of unknown version'} (${names.join(', ') || 'no device'})`;
  return `${origin}: ${what} in ${folder}${problem === null ? '' : `; ${problem}`}`;
}
