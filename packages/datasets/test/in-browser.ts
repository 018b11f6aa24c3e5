import * as datasets from '../src/browser.ts';
import { digestEpoch } from './epoch.ts';

/** What the browser tests call. */
export function digest(): Promise<string> {
  return digestEpoch(datasets, { data: '/images' });
}

/** How long the page's own timers waited at most, in milliseconds, while batches were prepared. */
export async function longestWait(): Promise<number> {
  let longest = 0;
  let last = performance.now();
  const timer = setInterval(() => {
    longest = Math.max(longest, performance.now() - last);
    last = performance.now();
  }, 1);
  const { train, shape } = await datasets.loadDataset('fashion-mnist-subset', { data: '/images' });
  longest = 0;
  last = performance.now();
  const augment = [{ name: 'rand-augment', n: 6 }] as const;
  for await (const _ of datasets.batches(train, { shape, batchSize: 9000, augment }));
  clearInterval(timer);
  return longest;
}
