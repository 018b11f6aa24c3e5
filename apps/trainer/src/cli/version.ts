import { createRequire } from 'node:module';

const require = createRequire(import.meta.url);

/** The version of this app. */
export const version: string = require('pleat/package.json').version;

/** The version of an installed package, or undefined. */
export function versionOf(name: string): string | undefined {
  try {
    return require(`${name}/package.json`).version;
  } catch {
    return undefined;
  }
}
