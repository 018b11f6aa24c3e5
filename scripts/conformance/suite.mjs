// Runs tfjs-core's specs against one backend, in a bundle with a single tfjs-core.
// Writes a JSON line a spec to the file named by the first argument.
import { closeSync, openSync, writeSync } from 'node:fs';
import { setTestEnvs } from '@tensorflow/tfjs-core/dist/jasmine_util.js';
import '@tensorflow/tfjs-core/dist/register_all_gradients.js';
import '@tensorflow/tfjs-core/dist/public/chained_ops/register_all_chained_ops.js';
import jasmineCore from 'jasmine-core';

const [output, filter] = process.argv.slice(2);
const jasmine = jasmineCore.boot();
const env = jasmine.getEnv();
const { backend } = await import('conformance:backend');

// One name for every backend, so that a spec is called the same under each.
setTestEnvs([{ name: 'backend', backendName: backend, isDataSync: true }]);
await import('conformance:specs');

const pattern = filter ? new RegExp(filter, 'i') : null;
const wanted = (spec) => pattern === null || pattern.test(spec.getFullName());
env.configure({ random: false, specFilter: wanted });
jasmine.DEFAULT_TIMEOUT_INTERVAL = 20_000;
const file = openSync(output, 'w');
env.addReporter({
  specDone({ fullName, status, duration, failedExpectations }) {
    if (status === 'excluded') return;
    const message = failedExpectations[0]?.message?.slice(0, 500);
    writeSync(file, `${JSON.stringify({ name: fullName, status, duration, message })}\n`);
  },
});
await env.execute();
closeSync(file);
// Worker threads of a backend would keep the process alive.
process.exit(0);
