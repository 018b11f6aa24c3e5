// pnpm bundle [FILE]: Pleat in one file that needs a Node.js binary and nothing else: no npm, no network. For machines
// that have libtorch (PyTorch) but no Node modules; it carries the native part of koffi for the platform it is made on.
//   node pleat.mjs train --engine torch ...      every command of pleat
//   node pleat.mjs conformance torch             tfjs-core's own specs: also cuda, wasm
//   node pleat.mjs fixtures --device cuda:0      our kernels beside stored results of float64 PyTorch
//   node pleat.mjs benchmark --device cuda       a training step beside PyTorch's (PLEAT_PYTHON)
//   node pleat.mjs gpu-benchmark                 the same in float32, TF32 and bfloat16, at batch 128 and 512
//   node pleat.mjs gpu-checks                    reading beside the event loop, flat memory, repeatable bits
//   node pleat.mjs experiment integral-pipelines  the pipelines of integral networks, see benchmarks/integral/pipelines

import { createHash } from 'node:crypto';
import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join, relative, resolve } from 'node:path';
import { build } from 'esbuild';
import { strToU8, zipSync } from 'fflate';
import { bundleSuite, portableBanner } from './conformance/bundle.mjs';
import { root } from './workspace.mjs';

const outfile = resolve(process.argv[2] ?? join(root, 'dist', 'pleat.mjs'));
const app = join(root, 'apps', 'trainer');
/** Engines whose specs come along; 'cpu' is what they are compared with. */
const suites = ['cpu', 'wasm', 'torch', 'cuda'];

/** The folder of a package as another one sees it. */
function packageFolder(name, from) {
  return dirname(createRequire(join(realpathSync(from), 'x.js')).resolve(`${name}/package.json`));
}

/** koffi hides its manifest; its entry tells its folder. */
function koffiFolder() {
  const entry = createRequire(join(root, 'packages', 'backend-torch', 'x.js')).resolve('koffi');
  return dirname(realpathSync(entry));
}

/** Bundles entries from sources, with the chunks they share. */
async function bundleCode(entryPoints, outdir, extension = '.js') {
  await build({
    entryPoints,
    outdir,
    outExtension: { '.js': extension },
    bundle: true,
    splitting: true,
    minify: true,
    keepNames: true,
    legalComments: 'eof',
    platform: 'node',
    format: 'esm',
    target: 'node20',
    logLevel: 'error',
    conditions: ['@pleat/source'],
    mainFields: ['module', 'main'],
    // tfjs declares files free of side effects that register kernels.
    ignoreAnnotations: true,
    external: ['koffi', '@tensorflow/tfjs-node', '@tensorflow/tfjs-node-gpu'],
    banner: { js: portableBanner },
  });
}

/** What the bundled code looks for on the disk, where it looks for it. */
function copyAssets(tree) {
  const modules = join(tree, 'node_modules');
  cpSync(join(root, 'packages', 'datasets', 'data'), join(tree, 'data'), { recursive: true });
  const wasm = packageFolder('@tensorflow/tfjs-backend-wasm', app);
  const wasmTarget = join(modules, '@tensorflow', 'tfjs-backend-wasm');
  cpSync(join(wasm, 'package.json'), join(wasmTarget, 'package.json'));
  for (const part of ['dist', 'wasm-out']) {
    for (const file of readdirSync(join(wasm, part)).filter((name) =>
      /\.wasm$|threaded.*\.js$/.test(name),
    )) {
      cpSync(join(wasm, part, file), join(wasmTarget, part, file));
    }
  }
  // Their versions are told.
  const tfjs = packageFolder('@tensorflow/tfjs', app);
  cpSync(join(tfjs, 'package.json'), join(modules, '@tensorflow', 'tfjs', 'package.json'));
  cpSync(join(app, 'package.json'), join(modules, 'pleat', 'package.json'));

  const koffi = koffiFolder();
  for (const part of ['package.json', 'LICENSE.txt', 'index.js', 'index.cjs', 'src/koffi']) {
    cpSync(join(koffi, part), join(modules, 'koffi', part), {
      recursive: true,
      filter: (path) => /\.(c?js|json|txt)$/.test(path) || !/\.\w+$/.test(path),
    });
  }
  const native = `koffi-${process.platform}-${process.arch}`;
  const nativeFolder = dirname(createRequire(join(koffi, 'x.js')).resolve(`@koromix/${native}`));
  cpSync(realpathSync(nativeFolder), join(modules, '@koromix', native), { recursive: true });
  cpSync(join(root, 'LICENSE'), join(tree, 'LICENSE'));
}

async function bundleConformance(folder) {
  mkdirSync(join(folder, 'suites'), { recursive: true });
  for (const name of suites) {
    await bundleSuite(name, join(folder, 'suites', `${name}.mjs`), { portable: true });
  }
  // Jasmine lists the folder beside itself as it is loaded.
  const jasmine = packageFolder('jasmine-core', join(root, 'scripts', 'conformance'));
  cpSync(join(jasmine, 'LICENSE'), join(folder, 'suites', 'jasmine-core', 'LICENSE'));
  for (const file of ['run.mjs', 'judge.mjs', 'ignore']) {
    cpSync(join(root, 'scripts', 'conformance', file), join(folder, file), { recursive: true });
  }
}

/** The benchmark of a training step beside PyTorch, as it lies in the repository, with our contender bundled. */
async function bundleBenchmark(folder) {
  const engine = join(root, 'benchmarks', 'engine');
  for (const file of [
    'training-step.mjs',
    'gpu-step.mjs',
    'contenders/cases.mjs',
    'contenders/child.mjs',
    'contenders/pytorch.py',
  ]) {
    cpSync(join(engine, file), join(folder, 'engine', file));
  }
  cpSync(join(root, 'benchmarks', 'lib', 'measure.mjs'), join(folder, 'lib', 'measure.mjs'));
  await bundleCode(
    {
      'contenders/pleat': join(engine, 'contenders', 'pleat.mjs'),
      'gpu-checks': join(engine, 'gpu-checks.mjs'),
    },
    join(folder, 'engine'),
    '.mjs',
  );
}

/** The check of every kernel against stored results, with those results. */
async function bundleFixtures(folder) {
  const stored = join(root, 'packages', 'backend-torch', 'test', 'fixtures');
  for (const file of ['cases.jsonl', 'values.bin']) cpSync(join(stored, file), join(folder, file));
  await bundleCode(
    { fixtures: join(root, 'packages', 'backend-torch', 'scripts', 'check-fixtures.mjs') },
    folder,
    '.mjs',
  );
}

/** Experiments that are worth a better machine. */
async function bundleExperiments(folder) {
  const pipelines = join(root, 'benchmarks', 'integral', 'pipelines');
  await bundleCode({ 'integral-pipelines': join(pipelines, 'run.mjs') }, folder);
}

/** A folder as the entries of an archive. */
function entriesOf(folder, base = folder) {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) return entriesOf(path, base);
    return [[relative(base, path).replaceAll('\\', '/'), readFileSync(path)]];
  });
}

const tree = mkdtempSync(join(tmpdir(), 'pleat-bundle-'));
try {
  await bundleCode(
    {
      cli: join(app, 'src', 'cli.ts'),
      worker: join(root, 'packages', 'datasets', 'src', 'worker.ts'),
    },
    join(tree, 'app'),
  );
  copyAssets(tree);
  await bundleConformance(join(tree, 'conformance'));
  await bundleFixtures(join(tree, 'fixtures'));
  await bundleBenchmark(join(tree, 'benchmarks'));
  await bundleExperiments(join(tree, 'experiments'));
  writeFileSync(join(tree, 'package.json'), '{ "type": "module" }\n');
  // A fixed date: the same sources give the same bytes.
  const archive = zipSync(Object.fromEntries(entriesOf(tree)), { level: 9, mtime: '1980-01-01' });
  const digest = createHash('sha256').update(archive).digest('hex').slice(0, 16);
  const { outputFiles } = await build({
    entryPoints: [join(root, 'scripts', 'bundle', 'start.mjs')],
    bundle: true,
    write: false,
    minify: true,
    platform: 'node',
    format: 'esm',
    target: 'node20',
    define: { DIGEST: JSON.stringify(digest), ARCHIVE: JSON.stringify('@archive@') },
  });
  const [before, after] = outputFiles[0].text.split('@archive@');
  mkdirSync(dirname(outfile), { recursive: true });
  const bytes = Buffer.concat([
    strToU8(`#!/usr/bin/env node\n${before}`),
    Buffer.from(Buffer.from(archive).toString('base64')),
    strToU8(after),
  ]);
  writeFileSync(outfile, bytes, { mode: 0o755 });
  const megabytes = (bytes.length / 1e6).toFixed(1);
  console.log(
    `${relative(process.cwd(), outfile)}: ${megabytes} MB, for ${process.platform} ${process.arch}`,
  );
} finally {
  rmSync(tree, { recursive: true, force: true });
}
