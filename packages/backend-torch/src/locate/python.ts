import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

/** A Python and the torch package it would import, if any. */
export interface PythonTorch {
  /** Command or path that was run. */
  command: string;
  /** Folder of the torch package; null when that Python has none. */
  folder: string | null;
}

// Finding the package takes milliseconds where importing it takes seconds. The working folder is left
// out of the search: a folder that happens to be named torch is no torch.
const probe = `
import json, os, sys
sys.path = [p for p in sys.path if p not in ('', '.', os.getcwd())]
from importlib.util import find_spec
spec = find_spec('torch')
print(json.dumps(os.path.dirname(spec.origin) if spec and spec.origin else None))
`;

/** Commands that may start a Python, likeliest first. `PLEAT_PYTHON` comes instead of them. */
export function pythonCommands(): string[] {
  const { PLEAT_PYTHON } = process.env;
  if (PLEAT_PYTHON) return [PLEAT_PYTHON];
  return process.platform === 'win32' ? ['python', 'py'] : ['python3', 'python'];
}

/** Asks each Python for its torch package; Pythons that do not start are left out. */
export async function findPythons(commands: readonly string[]): Promise<PythonTorch[]> {
  const found = await Promise.all(commands.map((command) => askPython(command)));
  return found.filter((python) => python !== null);
}

async function askPython(command: string): Promise<PythonTorch | null> {
  try {
    const { stdout } = await promisify(execFile)(command, ['-c', probe], { timeout: 30_000 });
    const folder: unknown = JSON.parse(stdout);
    return { command, folder: typeof folder === 'string' ? folder : null };
  } catch {
    return null;
  }
}
