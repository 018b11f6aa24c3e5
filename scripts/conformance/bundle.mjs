// Bundles tfjs-core's own specs, jasmine and one backend into a module with a single tfjs-core: its CommonJS
// build is a bundle of its own, so specs loaded beside it would talk to another engine.
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { build } from 'esbuild';

const here = dirname(fileURLToPath(import.meta.url));
const root = resolve(here, '../..');

/** The folder of a package, as a package of ours (or another package) sees it. */
function packageFolder(name, from) {
  return dirname(createRequire(join(from, 'package.json')).resolve(`${name}/package.json`));
}

const wasm = packageFolder('@tensorflow/tfjs-backend-wasm', join(root, 'packages/backend-wasm'));
const tfjs = packageFolder('@tensorflow/tfjs', join(root, 'packages/backend-wasm'));
const core = packageFolder('@tensorflow/tfjs-core', tfjs);
const cpu = packageFolder('@tensorflow/tfjs-backend-cpu', tfjs);
const jasmine = packageFolder('jasmine-core', root);

/** Lets bundled files still find what lies beside them on the disk. */
const keepLocations = {
  name: 'keep-locations',
  setup({ onLoad }) {
    onLoad(
      { filter: /(wasm-out|packages|jasmine-core)[\\/].*\.(ts|js|mjs)$/ },
      async ({ path }) => {
        const source = await readFile(path, 'utf8');
        const contents = source
          .replaceAll('import.meta.url', JSON.stringify(pathToFileURL(path).href))
          .replaceAll(/\b__dirname\b/g, JSON.stringify(dirname(path)))
          .replaceAll(/\b__filename\b/g, JSON.stringify(path));
        return { contents, loader: path.endsWith('.ts') ? 'ts' : 'js' };
      },
    );
  },
};

/** The names by which suite.mjs asks for what differs between runs. */
function virtualModules(registration) {
  return {
    name: 'virtual-modules',
    setup({ onResolve, onLoad }) {
      onResolve({ filter: /^conformance:backend$/ }, () => ({ path: registration }));
      onResolve({ filter: /^conformance:specs$/ }, () => ({ path: join(core, 'dist/tests.js') }));
      onResolve({ filter: /^conformance:paths$/ }, ({ path }) => ({ path, namespace: 'paths' }));
      onLoad({ filter: /.*/, namespace: 'paths' }, () => ({
        contents: `export const wasmFolder = ${JSON.stringify(`${join(wasm, 'dist')}/`)};`,
      }));
    },
  };
}

/**
 * Bundles the suite for one backend.
 *
 * @param {string} name A file of `backends/`, without its extension.
 * @param {string} outfile Where the bundle goes.
 */
export async function bundleSuite(name, outfile) {
  await build({
    entryPoints: [join(here, 'suite.mjs')],
    outfile,
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'node20',
    logLevel: 'error',
    conditions: ['@pleat/source'],
    mainFields: ['module', 'main'],
    // tfjs-core declares its specs free of side effects: unheeded, or none would be left.
    ignoreAnnotations: true,
    alias: {
      '@tensorflow/tfjs-core': core,
      '@tensorflow/tfjs-backend-cpu': cpu,
      '@tensorflow/tfjs-backend-wasm': wasm,
      '@pleat/backend-wasm': join(root, 'packages/backend-wasm/src/index.ts'),
      'jasmine-core': jasmine,
    },
    plugins: [virtualModules(join(here, 'backends', `${name}.mjs`)), keepLocations],
    banner: {
      js: `import { createRequire as pleatCreateRequire } from 'node:module'; const require = pleatCreateRequire(${JSON.stringify(
        pathToFileURL(join(core, 'package.json')).href,
      )});`,
    },
  });
}
