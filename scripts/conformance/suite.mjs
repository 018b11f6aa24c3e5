// Runs tfjs-core's specs against one backend, in a bundle with a single tfjs-core.
import { closeSync, openSync, writeSync } from 'node:fs';
import { setTestEnvs } from '@tensorflow/tfjs-core/dist/jasmine_util.js';
import '@tensorflow/tfjs-core/dist/register_all_gradients.js';
import '@tensorflow/tfjs-core/dist/public/chained_ops/register_all_chained_ops.js';
import jasmineCore from 'jasmine-core';

/**
 * Runs the specs and ends the process.
 *
 * @param {string} backend The name tfjs knows the backend by; it is registered.
 * @param {string} output A file that gets a JSON line a spec.
 * @param {string} filter A regular expression on the full name of a spec; empty for all.
 */
export async function runSpecs(backend, output, filter) {
  const jasmine = jasmineCore.boot();
  const env = jasmine.getEnv();
  // One name for every backend, so that a spec is called the same under each.
  setTestEnvs([{ name: 'backend', backendName: backend, isDataSync: true }]);
  // Only now: the specs ask for Jasmine's globals and for the environments as they load.
  await import('@tensorflow/tfjs-core/dist/tests.js');

  const pattern = new RegExp(filter, 'i');
  env.configure({ random: false, specFilter: (spec) => pattern.test(spec.getFullName()) });
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
}
