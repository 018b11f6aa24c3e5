// Proves that `pnpm new:package` makes a package that passes the checks at once, in a clone of HEAD.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { root } from './workspace.mjs';

const name = 'newcomer-probe';
const scratch = mkdtempSync(join(tmpdir(), 'pleat-generator-'));
const clone = join(scratch, 'pleat');
const pnpm = ['scripts/pnpm.mjs'];
const steps = [
  ['git', ['clone', '--quiet', '--depth', '1', `file://${root}`, clone], scratch],
  ['node', ['scripts/new-package.mjs', name, '--floor', '1', '--tfjs']],
  ['node', [...pnpm, 'install', '--no-frozen-lockfile', '--prefer-offline', '--loglevel=warn']],
  ['node', [...pnpm, 'exec', 'biome', 'check', '.']],
  [
    'node',
    [...pnpm, 'exec', 'turbo', 'run', 'build', 'typecheck', 'lint:pkg', `--filter=@pleat/${name}`],
  ],
  ['node', [...pnpm, 'exec', 'vitest', 'run', `packages/${name}`]],
  ['node', [...pnpm, 'knip']],
  ['node', ['scripts/check-floors.mjs']],
  ['node', ['scripts/check-install.mjs', name]],
];
try {
  for (const [command, args, cwd = clone] of steps) {
    const { status, stdout, stderr } = spawnSync(command, args, { cwd, encoding: 'utf8' });
    if (status !== 0) {
      console.error(`FAIL  ${command} ${args.join(' ')}\n${stdout}\n${stderr}`);
      process.exitCode = 1;
      break;
    }
    console.log(`ok    ${command} ${args.slice(0, 6).join(' ')}`);
  }
} finally {
  rmSync(scratch, { recursive: true, force: true });
}
