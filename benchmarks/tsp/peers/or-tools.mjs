// OR-tools' routing solver, where Python has it (PLEAT_PYTHON, else python3).
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const here = dirname(fileURLToPath(import.meta.url));
const python = process.env.PLEAT_PYTHON || 'python3';

export const hasOrtools = spawnSync(python, ['-c', 'import ortools']).status === 0;

/**
 * The length of the closed tour it finds in so many seconds of processor time; NaN where it finds none.
 *
 * It takes whole numbers: distances are multiplied by `scale` and rounded, and the length divided by it.
 */
export function ortools({ n, data }, seconds, scale = 1) {
  const scratch = mkdtempSync(join(tmpdir(), 'pleat-tsp-'));
  try {
    const file = join(scratch, 'matrix');
    const whole = Int32Array.from(data, (distance) => Math.round(distance * scale));
    writeFileSync(file, Buffer.from(whole.buffer));
    // Not ortools.py: a script of that name would be imported in the place of the package.
    const args = [join(here, 'or-tools.py'), file, String(n), String(seconds)];
    const { status, stdout, stderr } = spawnSync(python, args, { encoding: 'utf8' });
    if (status !== 0) throw new Error(`the OR-tools peer failed: ${stderr}`);
    // It prints "none" where it found no tour in its time.
    return Number(stdout.split(' ')[0]) / scale;
  } finally {
    rmSync(scratch, { recursive: true });
  }
}
