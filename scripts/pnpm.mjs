// Runs the pinned pnpm, brought by npm when the machine has none of that version.
import { spawnSync } from 'node:child_process';
import { pathToFileURL } from 'node:url';
import { readManifest, root } from './workspace.mjs';

const pinned = readManifest('.').packageManager;

/** Runs `pnpm ...args` in the repository root; returns its exit status. */
export function pnpm(args, options = {}) {
  const shell = process.platform === 'win32';
  const own = spawnSync('pnpm', ['--version'], { encoding: 'utf8', shell, cwd: root });
  const found = own.status === 0 && `pnpm@${own.stdout.trim()}` === pinned;
  const [command, prefix] = found ? ['pnpm', []] : ['npm', ['exec', '--yes', '--', pinned]];
  const result = spawnSync(command, [...prefix, ...args], {
    stdio: 'inherit',
    cwd: root,
    shell,
    ...options,
  });
  if (result.error) throw result.error;
  return result.status ?? 1;
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  process.exitCode = pnpm(process.argv.slice(2));
}
