// Runs tfjs-core's own specs against a backend and against the cpu backend, and compares.
// usage: pnpm conformance NAME [--filter REGEX] [--json FILE] [--target PERCENT]
import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { judge } from './judge.mjs';

const here = dirname(fileURLToPath(import.meta.url));
/** Suites bundled beforehand: here in `pnpm bundle`'s file, which has no repository around it. */
const suites = join(here, 'suites');
const packed = existsSync(suites);
const scratch = packed
  ? join(tmpdir(), `pleat-conformance-${process.pid}`)
  : join(here, '../../node_modules/.cache/conformance');
const baselineName = 'cpu';
const timeLimit = 900_000;
/** Failures listed at most. */
const shown = 100;

/** Runs the suite against one backend in a process of its own, which may crash. */
async function runSuite(name, filter) {
  mkdirSync(scratch, { recursive: true });
  const bundle = join(packed ? suites : scratch, `${name}.mjs`);
  const results = join(scratch, `${name}.jsonl`);
  if (!packed) {
    const { bundleSuite } = await import('./bundle.mjs');
    await bundleSuite(name, bundle);
  }
  writeFileSync(results, '');
  const child = spawn(process.execPath, [bundle, results, filter ?? ''], { timeout: timeLimit });
  let printed = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk) => {
      printed = (printed + chunk).slice(-4000);
    });
  }
  const status = await new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code, signal) => resolve(code ?? signal));
  });
  const lines = readFileSync(results, 'utf8').split('\n').filter(Boolean);
  if (status !== 0) console.error(`${name} stopped early (${status}):\n${printed}`);
  return lines.map((line) => JSON.parse(line));
}

function count(specs) {
  const of = (status) => specs.filter((spec) => spec.status === status).length;
  return `${of('passed')} passed, ${of('failed')} failed, ${of('pending')} pending`;
}

const known = readdirSync(packed ? suites : join(here, 'backends'))
  .filter((file) => file.endsWith('.mjs'))
  .map((file) => file.replace(/\.mjs$/, ''));
const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    filter: { type: 'string' },
    json: { type: 'string' },
    target: { type: 'string', default: '99.5' },
  },
});
const [name] = positionals;
if (positionals.length !== 1 || !known.includes(name)) {
  console.error(
    `usage: pnpm conformance NAME [--filter REGEX] [--json FILE] [--target PERCENT]\nNAME is one of ${known.join(', ')}`,
  );
  process.exit(2);
}

const ignoreFile = join(here, 'ignore', `${name}.json`);
const ignore = existsSync(ignoreFile) ? JSON.parse(readFileSync(ignoreFile, 'utf8')) : [];
const [baseline, specs] = await Promise.all(
  name === baselineName
    ? [runSuite(name, values.filter)].flatMap((run) => [run, run])
    : [runSuite(baselineName, values.filter), runSuite(name, values.filter)],
);
const { passed, failed, skipped, unused } = judge(baseline, specs, ignore);
const judged = passed.length + failed.length;
const share = judged === 0 ? 0 : (100 * passed.length) / judged;
const target = Number(values.target);

for (const { name: spec, message } of failed.slice(0, shown)) {
  console.log(`FAIL  ${spec}\n      ${message.split('\n')[0]}`);
}
if (failed.length > shown)
  console.log(`... and ${failed.length - shown} more; --json FILE lists all`);
if (values.filter === undefined) {
  for (const entry of unused) console.log(`unused: ${JSON.stringify(entry)}`);
}
console.log(`all specs on ${baselineName}: ${count(baseline)}`);
if (name !== baselineName) console.log(`all specs on ${name}: ${count(specs)}`);
console.log(
  `${share.toFixed(2)} % of the specs that ${baselineName} passes and ${name} does not ignore (target ${target} %)`,
);
if (values.json !== undefined) {
  const report = { backend: name, baseline: baselineName, share, target, failed, skipped, unused };
  const text = JSON.stringify({ ...report, passed: passed.length }, null, 2);
  writeFileSync(values.json, `${text}\n`);
}
console.log(`${passed.length} passed, ${failed.length} failed, ${skipped.length} skipped`);
process.exitCode = share >= target ? 0 : 1;
