// Runs every benchmark (or those named), one at a time, then writes the tables of `README.md`.
// usage: pnpm bench [NAME ...]   a NAME is a folder here, or FOLDER/SCRIPT
import { spawnSync } from 'node:child_process';
import { readdirSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const here = dirname(fileURLToPath(import.meta.url));
const wanted = process.argv.slice(2);
const scripts = readdirSync(here)
  .filter((name) => statSync(join(here, name)).isDirectory())
  .filter((name) => !['lib', 'results', 'node_modules'].includes(name))
  .flatMap((name) =>
    readdirSync(join(here, name))
      .filter((file) => file.endsWith('.mjs'))
      .map((file) => `${name}/${file}`),
  )
  .filter((path) => wanted.length === 0 || wanted.some((name) => path.startsWith(name)));

if (scripts.length === 0) {
  console.error(
    `No benchmark is named ${wanted.join(' ')}; the folders of benchmarks/ are their names.`,
  );
  process.exit(2);
}
// libgomp programs, peers included, run slower on two threads than on one unless bound.
const env = { ...process.env, OMP_PROC_BIND: 'true' };
let failed = 0;
for (const script of [...scripts, 'lib/table.mjs']) {
  console.log(`\n# ${script}`);
  const { status } = spawnSync(process.execPath, ['--expose-gc', join(here, script)], {
    stdio: 'inherit',
    cwd: here,
    env,
  });
  if (status !== 0) failed++;
}
process.exitCode = failed === 0 ? 0 : 1;
