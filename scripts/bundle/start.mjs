// What a bundle runs first: unpacks what it carries, once, into a folder named after it, and goes on there.

import { randomUUID } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { unzipSync } from 'fflate';

const { PLEAT_CACHE, XDG_CACHE_HOME } = process.env;
const cache = PLEAT_CACHE || join(XDG_CACHE_HOME || join(homedir(), '.cache'), 'pleat');

function unpack(folder) {
  const files = unzipSync(Buffer.from(ARCHIVE, 'base64'));
  for (const [name, bytes] of Object.entries(files)) {
    const path = join(folder, name);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, bytes);
  }
}

/** The folder in the user's cache; it appears when it is whole, whoever else unpacks at the same time. */
function inCache() {
  const target = join(cache, 'bundle', DIGEST);
  if (existsSync(target)) return target;
  const scratch = join(cache, 'bundle', `.part-${process.pid}-${randomUUID()}`);
  try {
    mkdirSync(scratch, { recursive: true });
    unpack(scratch);
    renameSync(scratch, target);
  } catch (error) {
    rmSync(scratch, { recursive: true, force: true });
    if (!existsSync(target)) throw error;
  }
  return target;
}

/** Where the cache cannot be written: a folder of this process alone. */
function inTemporary() {
  const folder = mkdtempSync(join(tmpdir(), 'pleat-'));
  process.on('exit', () => rmSync(folder, { recursive: true, force: true }));
  unpack(folder);
  return folder;
}

let folder;
try {
  folder = inCache();
} catch {
  folder = inTemporary();
}
/** What is no command of pleat. */
const others = {
  conformance: ['conformance', 'run.mjs'],
  fixtures: ['fixtures', 'fixtures.mjs'],
  benchmark: ['benchmarks', 'engine', 'training-step.mjs'],
  'gpu-benchmark': ['benchmarks', 'engine', 'gpu-step.mjs'],
  'gpu-checks': ['benchmarks', 'engine', 'gpu-checks.mjs'],
};
const experiments = ['integral-pipelines'];
let other = others[process.argv[2]];
if (process.argv[2] === 'experiment') {
  const name = process.argv[3];
  if (!experiments.includes(name)) {
    console.error(`experiment takes one of ${experiments.join(', ')}, got ${name ?? 'nothing'}.`);
    process.exit(2);
  }
  other = ['experiments', `${name}.js`];
  process.argv.splice(3, 1);
}
if (other) process.argv.splice(2, 1);
await import(pathToFileURL(join(folder, ...(other ?? ['app', 'cli.js']))).href);
