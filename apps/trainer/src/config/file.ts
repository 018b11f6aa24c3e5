import { readFile } from 'node:fs/promises';
import { extname } from 'node:path';
import { parse as parseYaml } from 'yaml';
import { UsageError } from '../cli/errors.ts';

/**
 * The options a configuration file holds, unchecked.
 *
 * @throws UsageError when the file cannot be read, parsed, or holds no mapping
 */
export async function readConfigFile(path: string): Promise<Record<string, unknown>> {
  const kind = extname(path).toLowerCase();
  if (!['.json', '.yaml', '.yml'].includes(kind)) {
    throw new UsageError(
      `--config takes a .json, .yaml or .yml file, found ${path}; rename it to say what it holds.`,
    );
  }
  const text = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    throw new UsageError(
      error.code === 'ENOENT'
        ? `There is no configuration file ${path}; check the path given to --config.`
        : `The configuration file ${path} cannot be read (${error.code ?? error.message}).`,
    );
  });
  let value: unknown;
  try {
    value = kind === '.json' ? JSON.parse(text) : parseYaml(text);
  } catch (error) {
    // A parser of YAML goes on with an excerpt, after a colon.
    const reason = (error as Error).message.split('\n')[0]?.replace(/[:.]$/, '');
    throw new UsageError(
      `The configuration file ${path} is not ${kind === '.json' ? 'JSON' : 'YAML'}: ${reason}; correct it there.`,
    );
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new UsageError(
      `The configuration file ${path} must hold options by name, such as "epochs: 10".`,
    );
  }
  return value as Record<string, unknown>;
}
