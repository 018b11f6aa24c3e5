// pnpm new:package NAME [--floor N] [--tfjs] [--description "..."]: a package that passes CI at once.
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { parseArgs } from 'node:util';
import { root } from './workspace.mjs';

const usage =
  'usage: pnpm new:package NAME [--floor N] [--tfjs] [--description "one sentence without a full stop"]';
const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    floor: { type: 'string', default: '0' },
    description: { type: 'string' },
    tfjs: { type: 'boolean', default: false },
  },
});
const [name] = positionals;
if (!name || !/^[a-z][a-z0-9-]*$/.test(name) || !/^\d+$/.test(values.floor)) {
  console.error(
    `${usage}\nNAME is lower-case letters, digits and hyphens; N a floor of the house plan.`,
  );
  process.exit(2);
}
const dir = join(root, 'packages', name);
if (existsSync(dir)) {
  console.error(`packages/${name} exists already; choose another name.`);
  process.exit(2);
}

const description = values.description ?? `What @pleat/${name} is for, in one sentence`;
const camel = name.replace(/-([a-z0-9])/g, (_, letter) => letter.toUpperCase());
const tfjs = { '@tensorflow/tfjs': 'catalog:' };
const manifest = {
  name: `@pleat/${name}`,
  version: '0.0.0',
  description,
  keywords: ['tensorflowjs', 'neural-network', 'compression'],
  license: 'Apache-2.0',
  type: 'module',
  sideEffects: false,
  engines: { node: '>=20.19' },
  exports: {
    '.': {
      '@pleat/source': './src/index.ts',
      types: './dist/index.d.ts',
      default: './dist/index.js',
    },
    './package.json': './package.json',
  },
  files: ['dist', 'src'],
  scripts: {
    build: 'tsup src/index.ts --format esm --target es2022 --dts --sourcemap --clean',
    typecheck: 'tsc -p tsconfig.json',
    'lint:pkg': 'publint && attw --pack . --profile esm-only',
  },
  ...(values.tfjs
    ? { peerDependencies: { '@tensorflow/tfjs': '^4.22.0' }, devDependencies: tfjs }
    : {}),
  publishConfig: { access: 'public' },
  pleat: { floor: Number(values.floor) },
};
// What the package does until its author writes it: something true to try, to document and to test.
const placeholder = values.tfjs
  ? {
      imports: "import * as tf from '@tensorflow/tfjs';\n",
      source: `/** Twice a tensor: replace it by what the package is for. */\nexport function ${camel}(x: tf.Tensor): tf.Tensor {\n  return tf.mul(x, 2);\n}\n`,
      call: `${camel}(tf.scalar(2)).dataSync()[0]`,
      result: '4',
    }
  : {
      imports: '',
      source: `/** Twice a number: replace it by what the package is for. */\nexport function ${camel}(x: number): number {\n  return 2 * x;\n}\n`,
      call: `${camel}(2)`,
      result: '4',
    };
const { imports, source, call, result } = placeholder;
const files = {
  'package.json': `${JSON.stringify(manifest, null, 2)}\n`,
  'tsconfig.json':
    '{ "extends": "../../tsconfig.base.json", "include": ["src", "test", "*.ts"] }\n',
  'README.md': `# @pleat/${name}\n\n${description}.\n\n\`\`\`js\nimport { ${camel} } from '@pleat/${name}';\n${imports}\nconsole.log(${call}); // ${result}\n\`\`\`\n`,
  'src/index.ts': `export { ${camel} } from './${name}.ts';\n`,
  [`src/${name}.ts`]: `${imports}${imports && '\n'}${source}`,
  [`test/${name}.test.ts`]: `${imports}import { expect, test } from 'vitest';\nimport { ${camel} } from '../src/index.ts';\n\ntest('doubles', () => {\n  expect(${call}).toBe(${result});\n});\n`,
};
for (const [file, text] of Object.entries(files)) {
  mkdirSync(dirname(join(dir, file)), { recursive: true });
  writeFileSync(join(dir, file), text);
}
writeFileSync(
  join(root, '.changeset', `new-${name}.md`),
  `---\n'@pleat/${name}': minor\n---\n\n${description}.\n`,
);
console.log(`packages/${name} is there. Next: pnpm install && pnpm build && pnpm test:built`);
