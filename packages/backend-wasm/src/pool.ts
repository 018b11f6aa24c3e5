import type { Worker } from 'node:worker_threads';
import type { Kernel } from './host.ts';
import { workerSource } from './worker-source.ts';

// The control block: TICKET holds the job's number and the next share to take, so that taking a share of
// a job that is over fails. Shares are taken by compare-and-swap, whoever comes first.
const TICKET = 0;
const DONE = 1;
const NAME = 2;
const COUNT = 3;
const UNITS = 4;
const GRAIN = 5;
const SCRATCH = 6;
const SCRATCH_BYTES = 7;
const FAILED = 8;
const SHARE_BITS = 8;
const CLOSED = 255;
const ARGUMENTS = 64;
const START_MS = 5000;

/** Threads that run kernels on one shared memory; the caller's thread is one of them. */
export class Pool {
  readonly threads: number;
  readonly #words: Int32Array<SharedArrayBuffer>;
  readonly #numbers: Float64Array<SharedArrayBuffer>;
  readonly #names: Map<string, number>;
  readonly #workers: Worker[];
  #job = 0;

  private constructor(workers: Worker[], control: SharedArrayBuffer, names: Map<string, number>) {
    this.threads = workers.length + 1;
    this.#workers = workers;
    this.#words = new Int32Array(control);
    this.#numbers = new Float64Array(control, ARGUMENTS);
    this.#names = names;
  }

  /**
   * Starts threads - 1 workers on a module and its memory.
   *
   * @throws Error when a worker does not start within five seconds.
   */
  static async start(
    module: WebAssembly.Module,
    memory: WebAssembly.Memory,
    threads: number,
  ): Promise<Pool> {
    const { Worker } = process.getBuiltinModule('node:worker_threads');
    const control = new SharedArrayBuffer(1024);
    const names = WebAssembly.Module.exports(module).map((entry) => entry.name);
    const workers: Worker[] = [];
    try {
      const started: Promise<void>[] = [];
      for (let index = 1; index < threads; index++) {
        const worker = new Worker(workerSource, {
          eval: true,
          execArgv: [],
          workerData: { module, memory, control, names, index },
        });
        workers.push(worker);
        started.push(ready(worker));
      }
      await Promise.all(started);
    } catch (error) {
      for (const worker of workers) void worker.terminate();
      throw error;
    }
    for (const worker of workers) worker.unref();
    return new Pool(workers, control, new Map(names.map((name, index) => [name, index])));
  }

  /** Runs a kernel over `units`, `grain` at a time; returns when all is done. */
  run(
    kernels: Record<string, Kernel>,
    name: string,
    args: readonly number[],
    units: number,
    grain: number,
    scratch: number,
    scratchBytes: number,
  ): void {
    const words = this.#words;
    const shares = Math.ceil(units / grain);
    this.#job = (this.#job + 1) & 0x7fffff;
    const base = this.#job << SHARE_BITS;
    // Closed while the job is written: a late worker must not take a share of half a job.
    Atomics.store(words, TICKET, base | CLOSED);
    words[NAME] = this.#names.get(name)!;
    words[COUNT] = args.length;
    words[UNITS] = units;
    words[GRAIN] = grain;
    words[SCRATCH] = scratch;
    words[SCRATCH_BYTES] = scratchBytes;
    words[DONE] = 0;
    this.#numbers.set(args);
    Atomics.store(words, TICKET, base);
    Atomics.notify(words, TICKET);
    const kernel = kernels[name]!;
    for (let ticket = base; ; ) {
      const share = ticket - base;
      if (share >= shares) break;
      const seen = Atomics.compareExchange(words, TICKET, ticket, ticket + 1);
      if (seen !== ticket) {
        ticket = seen;
        continue;
      }
      try {
        kernel(...args, share * grain, Math.min(units, (share + 1) * grain), scratch);
      } finally {
        Atomics.add(words, DONE, 1);
      }
      ticket++;
    }
    for (let done = Atomics.load(words, DONE); done < shares; done = Atomics.load(words, DONE)) {
      for (let spin = 0; spin < 2000 && Atomics.load(words, DONE) === done; spin++);
      if (Atomics.load(words, DONE) === done) Atomics.wait(words, DONE, done, 1000);
    }
    if (words[FAILED]) {
      words[FAILED] = 0;
      throw new Error(`backend-wasm: kernel ${name} failed in a worker thread; please report it.`);
    }
  }

  /** Ends the workers. */
  stop(): void {
    for (const worker of this.#workers) void worker.terminate();
  }
}

function ready(worker: Worker): Promise<void> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => {
      reject(new Error(`a worker thread did not start within ${START_MS / 1000} s`));
    }, START_MS);
    worker.once('message', () => {
      clearTimeout(timer);
      resolve();
    });
    worker.once('error', (error) => {
      clearTimeout(timer);
      reject(error);
    });
  });
}
