import { type Batch, emptyBatch, type Plan } from './plan.ts';

/** Longest time, in milliseconds, that preparing a batch keeps the thread before other events get their turn. */
const slice = 8;

/** Prepares batches on the calling thread, in slices between which the event loop runs. */
export async function* inlineBatches(
  plan: Plan,
  signal: AbortSignal,
): AsyncGenerator<Batch, void, undefined> {
  const [height, width, channels] = plan.shape;
  const size = height * width * channels;
  for (let b = plan.startBatch; b < plan.length; b++) {
    await nextTurn();
    const batch = emptyBatch(plan, b);
    let start = performance.now();
    for (let k = 0; k < batch.size; k++) {
      const index = batch.indices[k]!;
      const image = plan.split.images.subarray(index * size, (index + 1) * size);
      plan.render(image, index, batch.images.subarray(k * size, (k + 1) * size));
      if (performance.now() - start > slice) {
        await nextTurn();
        start = performance.now();
      }
    }
    if (signal.aborted) return;
    yield batch;
  }
}

/** Resolves after the events that wait now; setTimeout would wait milliseconds longer in a browser. */
function nextTurn(): Promise<void> {
  return new Promise((resolve) => {
    if (typeof setImmediate === 'function') {
      setImmediate(resolve);
      return;
    }
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = () => {
      port1.close();
      resolve();
    };
    port2.postMessage(null);
  });
}
