/** Cities to look at, first in first out, each at most once (the don't-look bits of Bentley 1992). */
export interface Queue {
  push(city: number): void;
  /** The next city, or -1. */
  shift(): number;
}

/** An empty queue for cities 0 .. n - 1. */
export function createQueue(n: number): Queue {
  const waiting = new Int32Array(n);
  const queued = new Uint8Array(n);
  let head = 0;
  let count = 0;
  return {
    push(city) {
      if (queued[city]) return;
      queued[city] = 1;
      let tail = head + count++;
      if (tail >= n) tail -= n;
      waiting[tail] = city;
    },
    shift() {
      if (count === 0) return -1;
      const city = waiting[head]!;
      head = head + 1 === n ? 0 : head + 1;
      count--;
      queued[city] = 0;
      return city;
    },
  };
}
