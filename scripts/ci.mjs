// The checks of CI, one after the other; every one runs, whatever the others gave.
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, rmSync } from 'node:fs';
import { join, relative } from 'node:path';
import { findTensorflow } from './tensorflow.mjs';
import { findTorch } from './torch.mjs';
import { root } from './workspace.mjs';

const results = join(root, 'test-results', 'vitest.json');
const pnpm = (...args) => ['node', ['scripts/pnpm.mjs', ...args]];
const checks = [
  ['lint', ...pnpm('lint')],
  ['typecheck', ...pnpm('typecheck')],
  ['packages (publint, attw)', ...pnpm('lint:pkg', '--output-logs=errors-only')],
  ['dead code (knip)', ...pnpm('knip')],
  ['floors', ...pnpm('check:floors')],
  ['each package installs alone', ...pnpm('check:install')],
  ['the package generator', ...pnpm('check:generator')],
  ['tfjs conformance (wasm)', ...pnpm('conformance', 'wasm')],
];

function run(title, command, args, env = process.env) {
  const start = performance.now();
  console.log(`\n=== ${title}: ${command} ${args.join(' ')}`);
  const { status } = spawnSync(command, args, { cwd: root, stdio: 'inherit', env });
  const seconds = ((performance.now() - start) / 1000).toFixed(0);
  console.log(`=== ${title}: ${status === 0 ? 'passed' : 'FAILED'} in ${seconds} s`);
  return status === 0;
}

/** One line for each test that failed, and the first line of its message: what a log cut short should still end with. */
function failedTests({ testResults }) {
  const first = (text = '') => text.split('\n', 1)[0];
  return testResults.flatMap(({ name, status, message, assertionResults }) => {
    const failed = assertionResults.filter((test) => test.status === 'failed');
    if (failed.length === 0 && status === 'failed')
      return [`${relative(root, name)}: ${first(message)}`];
    return failed.map(
      ({ fullName, failureMessages }) =>
        `${relative(root, name)}: ${fullName}: ${first(failureMessages[0])}`,
    );
  });
}

const count = { passed: 0, failed: 0, skipped: 0 };
rmSync(results, { force: true });
// The tests of the torch engine, and its conformance, need a libtorch; without one they skip.
run('setting up', 'node', ['scripts/setup.mjs']);
const torch = await findTorch().catch((error) => ({ why: error.message }));
console.log(`\n=== libtorch: ${torch.why}`);
if (torch.folder) {
  process.env.PLEAT_TORCH = torch.folder;
  checks.push(['tfjs conformance (torch)', ...pnpm('conformance', 'torch')]);
} else {
  console.log('=== tfjs conformance (torch) and the tests of packages/backend-torch: skipped');
  count.skipped++;
}
// So do those of TensorFlow, which need a tfjs-node.
const tensorflow = await findTensorflow().catch((error) => ({ why: error.message }));
console.log(`\n=== tfjs-node: ${tensorflow.why}`);
if (tensorflow.folder) {
  process.env.PLEAT_TENSORFLOW = tensorflow.folder;
  checks.push(['tfjs conformance (tensorflow)', ...pnpm('conformance', 'tensorflow')]);
} else {
  console.log('=== tfjs conformance (tensorflow) and the tests of tfjs-node: skipped');
  count.skipped++;
}
const failures = [];
const tested = run('tests', 'npm', ['test'], { ...process.env, PLEAT_TEST_RESULTS: results });
if (existsSync(results)) {
  const summary = JSON.parse(readFileSync(results, 'utf8'));
  count.passed += summary.numPassedTests;
  count.failed += summary.numFailedTests;
  count.skipped += summary.numPendingTests + summary.numTodoTests;
  failures.push(...failedTests(summary));
  // A file that cannot be loaded fails the run without a failed test of its own.
  if (!tested && summary.numFailedTests === 0) count.failed++;
} else {
  count.failed++;
}

if (!tested && failures.length === 0) failures.push('tests');
for (const [title, command, args] of checks) {
  if (run(title, command, args)) {
    count.passed++;
  } else {
    count.failed++;
    failures.push(title);
  }
}

if (failures.length > 0) console.log(`\nFailed:\n${failures.join('\n')}`);
console.log(`\n${count.passed} passed, ${count.failed} failed, ${count.skipped} skipped`);
process.exitCode = count.failed === 0 ? 0 : 1;
