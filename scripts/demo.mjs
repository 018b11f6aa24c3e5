// npm run demo: trains a masked ConvMixer on the shipped Fashion-MNIST images, stores it in one file, and reads
// that file back in a second process.
import { spawn } from 'node:child_process';
import { join, relative } from 'node:path';
import { pathToFileURL } from 'node:url';
import { root } from './workspace.mjs';

const cli = join(root, 'apps', 'trainer', 'dist', 'cli.js');
const out = join(root, 'runs', 'demo');
const shown = relative(process.cwd(), out) || '.';

/** Runs `pleat ...args --json`; its progress goes to this terminal, its result comes back. */
function pleat(...args) {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [cli, ...args, '--json'], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    let text = '';
    child.stdout.on('data', (chunk) => {
      text += chunk;
    });
    child.on('error', reject);
    child.on('close', (code, signal) => {
      if (code === 0) resolve(JSON.parse(text));
      // The command has said what is wrong.
      else process.exit(code ?? (signal === 'SIGINT' ? 130 : 1));
    });
  });
}

const number = (value) => value.toLocaleString('en-US');
const percent = (share) => `${(100 * share).toFixed(2)} %`;
const began = performance.now();
// Ctrl-C reaches the command, which saves and ends; this process waits for it.
process.on('SIGINT', () => {});

console.log(`Training a ConvMixer whose weights are one short random vector, repeated; only the sign of each is learned.
2 to 3 minutes on two cores; Ctrl-C stops it, and what follows can be read in ${join(shown, 'report.html')}.
`);
const run = await pleat(
  'train',
  ...['--engine', 'wasm', '--model', 'convmixer', '--dataset', 'fashion-mnist-subset'],
  ...['--method', 'mask', '--strategy', 'random-vector', '--ratio', '0.01', '--learner', 'signed'],
  ...['--dim', '96', '--depth', '4', '--patch-size', '4', '--kernel-size', '5'],
  ...['--epochs', '10', '--batch', '64', '--learning-rate', '0.02', '--augmentation', 'flip'],
  ...['--tensors', 'float16', '--out', out, '--overwrite'],
);

console.log('\nReading the file back in a second process ...');
const read = await pleat('eval', run.model, '--engine', 'wasm');
const equal = read.correct === run.test.correct && read.loss === run.test.loss;
const { fileBytes, float32Bytes } = run.size;
console.log(`
  accuracy when trained   ${percent(run.test.accuracy)} (${run.test.correct} of ${run.test.images} test images)
  accuracy when read back ${percent(read.accuracy)} (${equal ? 'equal' : 'NOT EQUAL'})
  the file                ${number(fileBytes)} bytes
  the same in float32     ${number(float32Bytes)} bytes: ${(float32Bytes / fileBytes).toFixed(1)} times as much
  time                    ${Math.round((performance.now() - began) / 1000)} s

Where to look next
  ${pathToFileURL(run.report).href}
      the report: curves, bytes per layer, predictions
  npm run pleat -- inspect ${join(shown, 'model.pleat')}
      what the file holds, section by section
  npm run pleat -- train --learner edge-popup --out runs/edge-popup
      the paper's own learner (a bit keeps or drops a weight)
  npm run pleat -- train --help
      everything that can be chosen
  README.md
      the packages, and how to use the file in a browser
`);
if (!equal) {
  console.error(
    'The accuracy read back differs from the one trained: this is a bug in Pleat; please report it.',
  );
  process.exitCode = 1;
}
