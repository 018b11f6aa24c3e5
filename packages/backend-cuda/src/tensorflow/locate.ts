import { existsSync, readdirSync, readFileSync, realpathSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { engineCache, privateCopies } from '@pleat/backend-torch';

/** The packages that bind TensorFlow; the one that can use a GPU first. */
const packages = ['@tensorflow/tfjs-node-gpu', '@tensorflow/tfjs-node'] as const;

/** The name of a package that binds TensorFlow. */
export type TensorflowPackage = (typeof packages)[number];

/** One installed binding of TensorFlow. */
export interface TensorflowLocation {
  package: TensorflowPackage;
  /** What led there: an environment variable, the working folder, the private builds. */
  origin: string;
  /** Folder of the package. */
  folder: string;
  /** Of the package, such as '4.22.0'. */
  version: string;
  /** Why it cannot be used, with what to do, as one sentence without a full stop; null when it can. */
  problem: string | null;
}

/** Where {@link locateTensorflow} looks. */
export interface TensorflowPlaces {
  /** Folder of private builds; default `PLEAT_CACHE`/tensorflow, else pleat/tensorflow in the user's cache folder. */
  cache?: string;
  /** Folders whose programs could import the package; default the working folder, then that of this package. */
  roots?: readonly string[];
}

/** The folder of a package that a program in `root` would import. */
function installed(root: string, name: TensorflowPackage): string | undefined {
  try {
    return dirname(
      createRequire(pathToFileURL(join(root, 'x.js')).href).resolve(`${name}/package.json`),
    );
  } catch {
    return undefined;
  }
}

function hasAddon(folder: string): boolean {
  const lib = join(folder, 'lib');
  if (!existsSync(lib)) return false;
  return readdirSync(lib).some((name) => existsSync(join(lib, name, 'tfjs_binding.node')));
}

function hasLibrary(folder: string): boolean {
  const lib = join(folder, 'deps', 'lib');
  return existsSync(lib) && readdirSync(lib).some((name) => /^(lib)?tensorflow/.test(name));
}

function problemOf(folder: string, name: TensorflowPackage, version: string): string | null {
  const mend =
    name === '@tensorflow/tfjs-node'
      ? 'run pleat setup tensorflow, or npm rebuild where its hosts can be reached'
      : 'npm rebuild it where its hosts can be reached';
  if (!version.startsWith('4.')) {
    return `version 4 of ${name} is needed and ${version} is there; npm install ${name}@4`;
  }
  if (!hasAddon(folder)) {
    return `${name} ${version} has no compiled part: its install script fetches one, which failed or was forbidden; ${mend}`;
  }
  if (!hasLibrary(folder)) return `${name} ${version} has no TensorFlow library; ${mend}`;
  return null;
}

/**
 * Lists every installed `@tensorflow/tfjs-node-gpu` and `@tensorflow/tfjs-node`, without loading any.
 *
 * First the package folder that `PLEAT_TENSORFLOW` names, then what a program in the working folder would import, then what
 * this package would, then the private builds of `installTensorflow`.
 *
 * @returns one entry a place; the first whose `problem` is null is the one to use
 * @example
 * locateTensorflow()[0]?.version // '4.22.0'
 */
export function locateTensorflow(places: TensorflowPlaces = {}): TensorflowLocation[] {
  const { cache = engineCache('tensorflow'), roots } = places;
  const named = process.env.PLEAT_TENSORFLOW;
  const candidates: { folder: string | undefined; origin: string }[] = [];
  if (named) candidates.push({ folder: resolve(named), origin: 'PLEAT_TENSORFLOW' });
  for (const root of roots ?? [process.cwd(), import.meta.dirname]) {
    for (const name of packages) candidates.push({ folder: installed(root, name), origin: root });
  }
  for (const build of privateCopies(cache)) {
    const folder = join(build, 'node_modules', '@tensorflow', 'tfjs-node');
    candidates.push({ folder, origin: 'private build' });
  }
  const seen = new Set<string>();
  return candidates.flatMap(({ folder, origin }) => {
    if (folder === undefined || !existsSync(join(folder, 'package.json'))) return [];
    const real = realpathSync(folder);
    if (seen.has(real)) return [];
    seen.add(real);
    const manifest = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
    const name = packages.find((known) => known === manifest.name);
    if (name === undefined) return [];
    const version = String(manifest.version);
    const problem = problemOf(folder, name, version);
    return [{ package: name, origin, folder, version, problem }];
  });
}
