// Compiles assembly/*.ts twice, for the shared memory of the threaded tfjs build and the plain memory of
// the others (a module must say which it imports), into src/generated/kernels.ts.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import asc from 'assemblyscript/asc';

const root = dirname(dirname(fileURLToPath(import.meta.url)));

const variants = {
  plain: ['--initialMemory', '1', '--enable', 'simd'],
  shared: '--sharedMemory --initialMemory 1 --maximumMemory 65536 --enable simd,threads'.split(' '),
};

async function compile(flags) {
  let wasm;
  const common =
    '--runtime stub --importMemory --noExportMemory --noAssert -O3 --disableWarning 201';
  const { error, stderr } = await asc.main(
    ['index.ts', '--outFile', 'kernels.wasm', ...common.split(' '), ...flags],
    {
      readFile(name, base) {
        try {
          return readFileSync(join(base, name), 'utf8');
        } catch {
          return null;
        }
      },
      writeFile(name, contents) {
        if (name.endsWith('.wasm')) wasm = contents;
      },
      listFiles: () => [],
    },
  );
  if (error) throw new Error(`codegen: the kernels do not compile: ${stderr}`);
  return Buffer.from(wasm).toString('base64');
}

process.chdir(join(root, 'assembly'));
const [plain, shared] = await Promise.all([compile(variants.plain), compile(variants.shared)]);
const lines = [
  '// Made by scripts/codegen.mjs from assembly/*.ts; do not edit.',
  '/** The kernels over a memory of one thread, a wasm module in base64. */',
  `export const plainKernels: string =\n  '${plain}';`,
  '/** The same kernels over a shared memory. */',
  `export const sharedKernels: string =\n  '${shared}';`,
];
mkdirSync(join(root, 'src/generated'), { recursive: true });
writeFileSync(join(root, 'src/generated/kernels.ts'), `${lines.join('\n')}\n`);
