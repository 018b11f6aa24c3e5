import { existsSync } from 'node:fs';
import { join } from 'node:path';
import koffi, { type LibraryHandle } from 'koffi';

/** Loaded in this order, each so that the next one finds it. OpenMP's belongs to some builds only. */
const cpuFiles = ['libgomp.so.1', 'libc10.so', 'libtorch_cpu.so'];
const cudaFiles = ['libc10_cuda.so', 'libtorch_cuda.so'];

function requireFiles(folder: string, files: readonly string[], advice: string): void {
  for (const file of files) {
    if (existsSync(join(folder, file))) continue;
    throw new Error(`loadLibrary: expected ${file} in ${folder}, found none; ${advice}.`);
  }
}

function open(path: string, advice: string): LibraryHandle {
  try {
    return koffi.load(path, { global: true });
  } catch (error) {
    // The loader names the library that it missed, which need not be this one.
    throw new Error(
      `loadLibrary: expected ${path} to load, found: ${(error as Error).message}; ${advice}.`,
    );
  }
}

/** Loads libtorch's libraries and returns the one whose symbols the engine calls. */
export function openLibraries(folder: string, cuda: boolean): LibraryHandle {
  requireFiles(folder, cpuFiles.slice(1), 'give the lib folder of a torch of 2.10 or later');
  if (cuda) {
    const advice =
      'this torch is built for the processor alone, so install one with CUDA (pip install torch)';
    requireFiles(folder, cudaFiles, advice);
  }
  let torch: LibraryHandle | undefined;
  for (const path of cpuFiles.map((file) => join(folder, file))) {
    if (existsSync(path)) torch = open(path, 'install torch anew');
  }
  for (const file of cuda ? cudaFiles : []) {
    open(
      join(folder, file),
      "install torch with CUDA's own libraries (pip install torch brings them) and NVIDIA's driver",
    );
  }
  return torch!;
}
