import * as tf from '@tensorflow/tfjs';
import { expect, test } from 'vitest';
import { startEngine } from '../src/engines/registry.ts';
import { trainLoop } from '../src/train/loop.ts';
import { openRun, temporaryFolder } from './run-fixture.ts';

test.each(['signed', 'edge-popup', 'supermask'])(
  '1,000 steps of %s masks on the wasm engine hold the same tensors and bytes',
  async (learner) => {
    await startEngine('wasm', { threads: 2 });
    const options = { learner, engine: 'wasm', epochs: 167, checkpointEvery: 50, validation: 10 };
    const run = await openRun(temporaryFolder(), options);
    const seen = new Set<string>();
    let steps = 0;
    run.progress.update = () => {
      steps++;
      // The first step makes the optimiser's slots.
      if (steps === 1) return;
      const { numTensors, numDataBuffers, numBytes } = tf.memory();
      seen.add(`${numTensors} ${numDataBuffers} ${numBytes}`);
    };
    await trainLoop(run);
    run.metrics.close();
    expect(steps).toBe(1002);
    expect([...seen]).toHaveLength(1);
  },
);
