// The script of a batch worker thread; built to dist/worker.js.
import { parentPort, workerData } from 'node:worker_threads';
import { renderer } from './augment/pipeline.ts';
import type { WorkerReply, WorkerSetup, WorkerTask } from './batches/messages.ts';

const { options, images, ring, slotBytes } = workerData as WorkerSetup;
const size = options.shape[0] * options.shape[1] * options.shape[2];
const render = renderer(options);

function prepare({ slot, indices }: WorkerTask): void {
  const out = new Float32Array(ring, slot * slotBytes, indices.length * size);
  indices.forEach((index, k) => {
    const image = images.subarray(index * size, (index + 1) * size);
    render(image, index, out.subarray(k * size, (k + 1) * size));
  });
}

parentPort?.on('message', (task: WorkerTask) => {
  const reply: WorkerReply = { batch: task.batch };
  try {
    prepare(task);
  } catch (error) {
    reply.error = error;
  }
  parentPort?.postMessage(reply);
});
