// What the scripts know of the workspace: its packages, their floors, their dependencies.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = dirname(dirname(fileURLToPath(import.meta.url)));

/** Every package and app: `{ dir, path, manifest }`, `dir` relative to the repository. */
export function workspacePackages(folders = ['packages', 'apps']) {
  return folders.flatMap((folder) => {
    const parent = join(root, folder);
    if (!existsSync(parent)) return [];
    return readdirSync(parent)
      .map((name) => `${folder}/${name}`)
      .filter((dir) => existsSync(join(root, dir, 'package.json')))
      .map((dir) => ({ dir, path: join(root, dir), manifest: readManifest(dir) }));
  });
}

/** The parsed `package.json` of a folder of the repository. */
export function readManifest(dir) {
  return JSON.parse(readFileSync(join(root, dir, 'package.json'), 'utf8'));
}
