import { readdir, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';

/** Removes what atomic writes of these files leave behind when the process is killed in their midst. */
export async function removeLeftovers(files: readonly string[]): Promise<void> {
  for (const folder of new Set(files.map((file) => dirname(file)))) {
    const prefixes = files
      .filter((file) => dirname(file) === folder)
      .map((file) => `.${basename(file)}.`);
    for (const name of await readdir(folder).catch(() => [])) {
      const leftover = name.endsWith('.tmp') && prefixes.some((prefix) => name.startsWith(prefix));
      if (leftover) await rm(join(folder, name), { force: true });
    }
  }
}
