/**
 * What a worker thread runs, as text: a file of its own would have to be found again after bundling.
 * The layout of the control block is that of pool.ts.
 */
export const workerSource = `'use strict';
const { parentPort, workerData } = require('node:worker_threads');
const { module, memory, control, names, index } = workerData;
const kernels = new WebAssembly.Instance(module, { env: { memory } }).exports;
const words = new Int32Array(control);
const numbers = new Float64Array(control, 64);
parentPort.postMessage('ready');
let seen = 0;
for (;;) {
  // Between two kernels of a training step only a moment passes: look for a while before sleeping.
  for (let spin = 0; spin < 4000 && Atomics.load(words, 0) === seen; spin++);
  if (Atomics.load(words, 0) === seen) Atomics.wait(words, 0, seen);
  let ticket = Atomics.load(words, 0);
  for (;;) {
    const share = ticket & 255;
    const grain = words[5];
    const units = words[4];
    const first = share * grain;
    if (share === 255 || first >= units) break;
    const kernel = kernels[names[words[2]]];
    const args = Array.from(numbers.subarray(0, words[3]));
    args.push(first, Math.min(units, first + grain), words[6] + index * words[7]);
    const found = Atomics.compareExchange(words, 0, ticket, ticket + 1);
    if (found !== ticket) {
      ticket = found;
      continue;
    }
    try {
      kernel(...args);
    } catch {
      words[8] = 1;
    }
    Atomics.add(words, 1, 1);
    Atomics.notify(words, 1);
    ticket++;
  }
  seen = ticket;
}
`;
