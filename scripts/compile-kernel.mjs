// What the packages with one small WebAssembly kernel share: compiling assembly/kernel.ts and writing the module
// as text to src/generated/kernel.ts.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/**
 * Compiles `assembly/kernel.ts` of a package.
 *
 * @param root folder of the package
 * @param main AssemblyScript's compiler, of the package's own version
 */
export async function compileKernel(root, main) {
  const output = {};
  const { error, stderr } = await main(
    [
      'assembly/kernel.ts',
      ...[
        '--outFile',
        'kernel.wasm',
        '--runtime',
        'stub',
        '--enable',
        'simd',
        '--initialMemory',
        '1',
      ],
      ...['-O3', '--noAssert', '--zeroFilledMemory', '--converge'],
    ],
    {
      readFile: (name, base) => {
        try {
          return readFileSync(join(base === '.' ? root : base, name), 'utf8');
        } catch {
          return null;
        }
      },
      writeFile: (name, contents) => {
        output[name] = contents;
      },
      listFiles: () => [],
    },
  );
  if (error) {
    console.error(`${stderr}\ncodegen: ${error.message}`);
    process.exit(1);
  }
  const bytes = output['kernel.wasm'];
  const text = `// Written by codegen from assembly/kernel.ts: ${bytes.length} bytes of WebAssembly.
export const kernelBase64: string =
  '${Buffer.from(bytes).toString('base64')}';
`;
  mkdirSync(join(root, 'src/generated'), { recursive: true });
  writeFileSync(join(root, 'src/generated/kernel.ts'), text);
  console.log(`src/generated/kernel.ts: ${bytes.length} bytes of WebAssembly`);
}
