// Bundles tfjs-core's own specs, Jasmine and one backend into a module with a single tfjs-core: its CommonJS
// build is a bundle of its own, so specs loaded beside it would talk to another engine.
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { build } from 'esbuild';

const here = dirname(fileURLToPath(import.meta.url));
const core = import.meta.resolve('@tensorflow/tfjs-core/package.json');
const jasmine = createRequire(import.meta.url).resolve('jasmine-core/package.json');

/** Lets bundled files still find what lies beside them on the disk, whichever way they ask where they are. */
const keepLocations = {
  name: 'keep-locations',
  setup({ onLoad }) {
    onLoad({ filter: /(packages|backends)[\\/].*\.(ts|mjs)$/ }, async ({ path }) => {
      const url = JSON.stringify(pathToFileURL(path).href);
      const contents = (await readFile(path, 'utf8')).replaceAll('import.meta.url', url);
      return { contents, loader: path.endsWith('.ts') ? 'ts' : 'js' };
    });
    onLoad({ filter: /(wasm-out|jasmine-core)[\\/].*\.js$/ }, async ({ path }) => {
      const contents = (await readFile(path, 'utf8'))
        .replaceAll(/\b__dirname\b/g, JSON.stringify(dirname(path)))
        .replaceAll(/\b__filename\b/g, JSON.stringify(path));
      return { contents, loader: 'js' };
    });
  },
};

/** Leaves out a package with a compiled part, which cannot be bundled. */
const keepNative = {
  name: 'keep-native',
  setup({ onResolve }) {
    onResolve({ filter: /^koffi$/ }, ({ path, resolveDir }) => ({
      path: pathToFileURL(createRequire(`${resolveDir}/`).resolve(path)).href,
      external: true,
    }));
  },
};

/** What CommonJS code expects to find, for a module that may lie anywhere. */
export const portableBanner = `
import { createRequire as makeRequire } from 'node:module';
import { fileURLToPath as toPath } from 'node:url';
const require = makeRequire(import.meta.url);
const __filename = toPath(import.meta.url);
const __dirname = toPath(new URL('.', import.meta.url));`;

/**
 * Bundles the suite for one backend; the bundle takes the arguments OUTPUT and FILTER.
 *
 * @param {string} name A file of `backends/`, without its extension.
 * @param {string} outfile Where the bundle goes.
 * @param {{ portable?: boolean }} options `portable`: the bundle runs where this repository is not, and looks for koffi and
 *   the files of tfjs' wasm backend in the node_modules above it.
 */
export async function bundleSuite(name, outfile, { portable = false } = {}) {
  const local = `import { createRequire as makeRequire } from 'node:module'; const require = makeRequire('${core}');`;
  await build({
    stdin: {
      contents: `
        import { backend } from './backends/${name}.mjs';
        import { runSpecs } from './suite.mjs';
        await runSpecs(backend, process.argv[2], process.argv[3]);`,
      resolveDir: here,
    },
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
    // tfjs-core asks for Jasmine without depending on it.
    alias: { 'jasmine-core': dirname(jasmine) },
    ...(portable
      ? { external: ['koffi'], minify: true, keepNames: true, legalComments: 'eof' }
      : { plugins: [keepLocations, keepNative] }),
    banner: { js: portable ? portableBanner : local },
  });
}
