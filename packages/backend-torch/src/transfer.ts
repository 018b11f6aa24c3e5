import { bytesOf, type NativeType, room, type Values } from './dtype.ts';
import type { Engine } from './engine.ts';
import type { Dispatcher, Handle } from './ffi/dispatch.ts';
import { sizeOf } from './layout.ts';

/** From here on, copying takes longer than asking another thread to do it. */
const large = 2 ** 20;

/** Ways of values between JavaScript and the memory of tensors. */
export class Transfer {
  readonly #engine: Engine;
  readonly #dispatcher: Dispatcher;
  /** The last of the reads that wait: one at a time, so that they leave Node's other threads to others. */
  #last: Promise<unknown> = Promise.resolve();

  constructor(engine: Engine, dispatcher: Dispatcher) {
    this.#engine = engine;
    this.#dispatcher = dispatcher;
  }

  /** A tensor of given values, a temporary. */
  from(values: ArrayBufferView, shape: readonly number[], dtype: NativeType): Handle {
    const bytes = sizeOf(shape) * bytesOf[dtype];
    if (values.byteLength < bytes) {
      throw new Error(
        `torch: expected ${bytes} bytes for [${shape}] ${dtype}, found ${values.byteLength}.`,
      );
    }
    const { library, device } = this.#engine;
    const pinned = this.#engine.emptyPinned(shape, dtype);
    const host = pinned ?? this.#engine.emptyHost(shape, dtype);
    if (bytes > 0) library.upload(this.#pointer(host), values, bytes);
    if (!device.cuda) return host;
    const tensor = this.#engine.empty(shape, dtype);
    // From pinned memory the GPU copies when its turn comes; libtorch reuses that memory only after.
    const waits = pinned === null ? 0 : 1;
    this.#dispatcher.check(library.copyTensor(tensor, host, waits), 'upload');
    return tensor;
  }

  /** The values of a contiguous tensor; waits for all that was asked for before. */
  read(tensor: Handle, size: number, dtype: NativeType): Values {
    const values = room(size, dtype);
    if (size === 0) return values;
    const engine = this.#engine;
    return engine.scope(() => {
      let host = tensor;
      if (engine.device.cuda) {
        host = engine.emptyHost([size], dtype);
        const flat = engine.view(tensor, [size]);
        this.#dispatcher.check(engine.library.copyTensor(host, flat, 0), 'download');
      }
      engine.library.download(values, this.#pointer(host), values.byteLength);
      return values;
    });
  }

  /**
   * The values of a contiguous tensor, copied by another thread where that takes a while: a GPU has to come to the end of
   * what was asked for before, and much memory has to be moved. The tensor must live, and nothing write to it, until then.
   */
  readLater(tensor: Handle, size: number, dtype: NativeType): Promise<Values> {
    const { cuda } = this.#engine.device;
    if (size === 0 || (!cuda && size * bytesOf[dtype] < large)) {
      return Promise.resolve(this.read(tensor, size, dtype));
    }
    const copy = () =>
      cuda ? this.#fromDevice(tensor, size, dtype) : this.#fromHost(tensor, size, dtype);
    const made = this.#last.then(copy);
    this.#last = made.catch(() => undefined);
    return made;
  }

  async #fromHost(host: Handle, size: number, dtype: NativeType): Promise<Values> {
    const values = room(size, dtype);
    const { library } = this.#engine;
    const from = this.#pointer(host);
    if (values.byteLength < large) library.download(values, from, values.byteLength);
    else await library.downloadLater(values, from, values.byteLength);
    return values;
  }

  async #fromDevice(tensor: Handle, size: number, dtype: NativeType): Promise<Values> {
    const engine = this.#engine;
    // Kept: other kernels open and close scopes meanwhile.
    const [host, flat] = engine.scope(() => [
      engine.keep(engine.emptyHost([size], dtype)),
      engine.keep(engine.view(tensor, [size])),
    ]) as [Handle, Handle];
    try {
      // That thread's stream is the default one too, and so comes after all that this thread has asked for.
      const status = await engine.library.copyTensorLater(host, flat, 0);
      if (status !== 0) {
        throw new Error(
          'torch: expected the values from the GPU, found that libtorch could not copy them; an earlier op may have failed there.',
        );
      }
      return await this.#fromHost(host, size, dtype);
    } finally {
      engine.free(flat);
      engine.free(host);
    }
  }

  #pointer(tensor: Handle): number {
    this.#dispatcher.check(this.#engine.library.dataPointer(tensor, this.#dispatcher.out), 'data');
    return this.#dispatcher.result();
  }
}
