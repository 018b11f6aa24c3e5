// Every native kernel and gradient of the torch engine beside stored results of float64 PyTorch, on any device: what the tests
// of backend-torch check on the processor, for machines that have a GPU and no npm.
// usage, from the file of pnpm bundle: node pleat.mjs fixtures [--device cpu|cuda:N] [--precision float32|tf32|bfloat16] [--json FILE]
import { writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import * as tf from '@tensorflow/tfjs';
import { registerTorch } from '../src/index.ts';
import { bounds, fixtureErrors } from '../test/fixtures/check.ts';
import { fixtures } from '../test/fixtures/load.ts';

const { values } = parseArgs({
  options: {
    device: { type: 'string', default: 'cuda:0' },
    precision: { type: 'string', default: 'float32' },
    json: { type: 'string' },
  },
});
const info = await registerTorch({ device: values.device, precision: values.precision });
await tf.setBackend('torch');

const rows = fixtures.map((fixture) => {
  const { family, name } = fixture;
  const tensors = tf.memory().numTensors;
  try {
    const { forward, gradient } = fixtureErrors(fixture);
    const left = tf.memory().numTensors - tensors;
    const passed = forward <= bounds.forward && gradient <= bounds.gradient && left === 0;
    return { family, name, passed, forward, gradient, left };
  } catch (error) {
    return { family, name, passed: false, error: error.message };
  }
});
const failed = rows.filter(({ passed }) => !passed);
for (const { family, name, forward, gradient, left, error } of failed) {
  const found = error ?? `forward ${forward}, gradient ${gradient}, tensors left ${left}`;
  console.log(`FAIL  ${family}: ${name}: ${found}`);
}
const largest = (key) => Math.max(...rows.map((row) => row[key] ?? 0));
console.log(
  `libtorch ${info.version} on ${info.device}, ${info.precision}: largest error forward ${largest('forward')}, gradient ${largest('gradient')}`,
);
if (values.json !== undefined) {
  const report = { ...info, path: undefined, bounds, rows };
  writeFileSync(values.json, `${JSON.stringify(report, null, 2)}\n`);
}
console.log(`${rows.length - failed.length} passed, ${failed.length} failed`);
process.exitCode = failed.length === 0 ? 0 : 1;
