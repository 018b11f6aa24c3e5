// Proves that each package installs alone: packs it and its workspace dependencies, installs those
// tarballs and its peers in an empty folder outside the repository, and runs the README's example.
// Lines `console.log(EXPR); // EXPECTED` are promises: what they print must be EXPECTED.
// usage: pnpm check:install [NAME ...]   (build first)
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pnpm } from './pnpm.mjs';
import { root, workspacePackages } from './workspace.mjs';

const wanted = process.argv.slice(2);
const packages = new Map(workspacePackages().map((entry) => [entry.manifest.name, entry]));
const scratch = mkdtempSync(join(tmpdir(), 'pleat-install-'));
const tarballs = new Map();

/** Packs a package once; returns the tarball's path. `pnpm pack` resolves `workspace:` and `catalog:`. */
function pack({ path, manifest }) {
  if (!tarballs.has(manifest.name)) {
    const folder = join(scratch, 'tarballs', manifest.name.replace('/', '-'));
    const status = pnpm(['--dir', path, 'pack', '--pack-destination', folder], { stdio: 'ignore' });
    if (status !== 0) throw new Error(`pnpm pack of ${manifest.name} failed (status ${status})`);
    tarballs.set(manifest.name, join(folder, readdirSync(folder)[0]));
  }
  return tarballs.get(manifest.name);
}

/** The package and every workspace package it needs, itself last. */
function closure(name, seen = new Set()) {
  const { manifest } = packages.get(name);
  const needs = { ...manifest.dependencies, ...manifest.peerDependencies };
  for (const need of Object.keys(needs)) if (packages.has(need)) closure(need, seen);
  return seen.add(name);
}

/** The first fenced block of a language in a package's README, or undefined. */
function example(path, language) {
  const text = readFileSync(join(path, 'README.md'), 'utf8');
  return new RegExp(`^\`\`\`${language}\\n([\\s\\S]*?)^\`\`\``, 'm').exec(text)?.[1];
}

function run(command, args, cwd) {
  const result = spawnSync(command, args, { cwd, encoding: 'utf8', timeout: 300_000 });
  if (result.status !== 0) {
    throw new Error(`${command} ${args.join(' ')} failed:\n${result.stdout}\n${result.stderr}`);
  }
  return result.stdout;
}

/** Runs a README's example where the package is installed, and compares what it prints. */
function runExample(code, folder) {
  writeFileSync(join(folder, 'example.mjs'), code);
  const printed = run(process.execPath, ['example.mjs'], folder).trimEnd().split('\n');
  const promised = [...code.matchAll(/^\s*console\.log\(.*\);? \/\/ (.*)$/gm)].map(
    ([, text]) => text,
  );
  promised.forEach((line, i) => {
    if (printed[i] !== line) {
      throw new Error(`line ${i + 1} printed \`${printed[i]}\` where the README says \`${line}\``);
    }
  });
  if (promised.length === 0) throw new Error('the example promises no printed result');
  return `${promised.length} printed lines as promised`;
}

/** Installs packages of the workspace, what they need and their peers in an empty folder; returns it. */
function install(names) {
  const folder = mkdtempSync(join(scratch, 'newcomer-'));
  const needed = [...new Set(names.flatMap((name) => [...closure(name)]))].map((need) =>
    packages.get(need),
  );
  const peers = needed.flatMap(({ manifest }) =>
    Object.entries(manifest.peerDependencies ?? {})
      .filter(([peer]) => !packages.has(peer) && !manifest.peerDependenciesMeta?.[peer]?.optional)
      .map(([peer, range]) => [peer, range]),
  );
  const dependencies = Object.fromEntries([
    ...needed.map((entry) => [entry.manifest.name, `file:${pack(entry)}`]),
    ...peers,
  ]);
  const newcomer = { name: 'newcomer', private: true, type: 'module', dependencies };
  writeFileSync(join(folder, 'package.json'), JSON.stringify(newcomer));
  run(
    'npm',
    ['install', '--ignore-scripts', '--no-audit', '--no-fund', '--prefer-offline'],
    folder,
  );
  return folder;
}

/** Installs a package alone and tries it: its README's example, or its command. */
function check({ path, manifest }) {
  const folder = install([manifest.name]);
  if (manifest.bin) {
    const [command] = Object.keys(manifest.bin);
    run('npm', ['exec', '--', command, 'doctor', '--json'], folder);
    return `\`${command} doctor\` answers`;
  }
  const code = example(path, 'js');
  if (!code) throw new Error('the README has no ```js block');
  return runExample(code, folder);
}

/** Tries the example of the repository's own README with the packages it imports. */
function checkFront() {
  const code = example(root, 'js');
  return runExample(code, install(code.match(/@pleat\/[a-z-]+/g)));
}

const checks = new Map([
  ...[...packages.values()].map((entry) => [
    entry.manifest.name.replace('@pleat/', ''),
    () => check(entry),
  ]),
  ['README', checkFront],
]);
const chosen = wanted.length > 0 ? wanted : [...checks.keys()];
const unknown = chosen.filter((name) => !checks.has(name));
if (unknown.length > 0) {
  console.error(
    `Nothing is named ${unknown.join(', ')}; there are ${[...checks.keys()].join(', ')}.`,
  );
  process.exit(2);
}
let failed = 0;
try {
  for (const name of chosen) {
    try {
      console.log(`ok    ${name}: ${checks.get(name)()}`);
    } catch (error) {
      failed++;
      console.log(`FAIL  ${name}: ${error.message}`);
    }
  }
} finally {
  rmSync(scratch, { recursive: true, force: true });
}
if (failed > 0) process.exit(1);
