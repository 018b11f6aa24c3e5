// What do the kernels bring over the stock wasm backend, with its compositions where it has no kernel?
// Shapes of a ConvMixer: 32 images of 16 x 16 x 64.
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { median, report } from '../lib/measure.mjs';

const script = fileURLToPath(new URL('./lib/side.mjs', import.meta.url));
const sides = {};
let names = [];
for (const side of ['stock', '1', '2']) {
  const child = fork(script, [side], { stdio: ['ignore', 'ignore', 'inherit', 'ipc'] });
  [names] = await once(child, 'message');
  sides[side] = child;
}

const rounds = 9;
const rows = {};
for (const name of names) {
  const times = { stock: [], 1: [], 2: [] };
  for (let round = -2; round < rounds; round++) {
    for (const [side, child] of Object.entries(sides)) {
      child.send(name);
      const [took] = await once(child, 'message');
      if (round >= 0) times[side].push(took);
    }
  }
  const [stock, one, two] = ['stock', '1', '2'].map((side) => median(times[side]));
  rows[name] = {
    'stock wasm (ms)': +stock.toFixed(2),
    '1 thread (ms)': +one.toFixed(2),
    '2 threads (ms)': +two.toFixed(2),
    'times faster on 1': +(stock / one).toFixed(1),
    'times faster on 2': +(stock / two).toFixed(1),
  };
}
for (const child of Object.values(sides)) child.disconnect();
report('backend-wasm-kernels', 'What do the kernels bring over the stock wasm backend?', rows);
