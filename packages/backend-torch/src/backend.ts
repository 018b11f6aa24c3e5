import * as tf from '@tensorflow/tfjs';
import type { Device, Precision } from './device.ts';
import { bytesOf as elementBytes, type NativeType } from './dtype.ts';
import { Engine } from './engine.ts';
import type { Handle } from './ffi/dispatch.ts';
import type { Library } from './ffi/library.ts';
import { Heap } from './heap.ts';
import type { Inputs, Kernel } from './kernel.ts';
import { sizeOf } from './layout.ts';

type Values = tf.backend_util.BackendValues;

/** What stands behind a data id: values in libtorch, or, for texts and complex numbers, in JavaScript. */
interface Stored {
  dtype: tf.DataType;
  shape: number[];
  bytes: number;
  references: number;
  /** Reads and deferred tensors that wait for the values: until they have them, nothing may free them or write over them. */
  readers: number;
  /** 0 while `pending` has not made it. */
  handle: Handle;
  pending?: Pending | undefined;
  texts?: Uint8Array[];
  parts?: { real: tf.TensorInfo; imag: tf.TensorInfo };
}

/** Values that nobody has asked for yet, and what they will be made of. */
interface Pending {
  make: (...needs: Handle[]) => Handle;
  needs: Stored[];
}

/** What `tf.memory()` adds under the backend 'torch'. */
export interface TorchMemory {
  unreliable: boolean;
  /** Bytes of living tensors, now and at most. */
  torchBytes: number;
  torchPeakBytes: number;
  /** Bytes that the heap they lie in has taken from the system, free ones and all; 0 where the system keeps no account. */
  torchReservedBytes: number;
  /** Resident memory of the process. */
  torchProcessBytes: number;
}

/** A tfjs backend whose tensors lie in libtorch. */
export class TorchBackend extends tf.KernelBackend {
  readonly engine: Engine;
  readonly #data: tf.DataStorage<Stored>;
  /** What the running kernel has made or shared. */
  #made: tf.DataId[] | null = null;
  #bytes = 0;
  #peak = 0;
  /** Of the processor's tensors; a GPU's lie elsewhere. */
  readonly #heap: Heap | null;

  constructor(library: Library, device: Device, precision: Precision) {
    super();
    this.engine = new Engine(library, device, precision);
    this.#data = new tf.DataStorage(this, tf.engine());
    const resident = () => process.memoryUsage.rss();
    this.#heap = device.cuda ? null : new Heap({ trim: library.trim, resident });
  }

  /** Stores values under a new data id. */
  override write(values: Values, shape: number[], dtype: tf.DataType): tf.DataId {
    const id = {};
    this.move(id, values, shape, dtype, 1);
    return id;
  }

  override move(
    id: tf.DataId,
    values: Values,
    shape: number[],
    dtype: tf.DataType,
    references: number,
  ): void {
    if (dtype === 'complex64') {
      throw new Error('torch: complex64 tensors are made by tf.complex, not from values.');
    }
    const base = { dtype, shape, references, readers: 0 };
    if (dtype === 'string') {
      this.#data.set(id, { ...base, handle: 0, bytes: 0, texts: values as Uint8Array[] });
      return;
    }
    const native = dtype as NativeType;
    const data = typed(values as ArrayLike<number>, native);
    const handle = this.engine.scope(() => this.engine.keep(this.engine.from(data, shape, native)));
    this.#insert(id, { ...base, handle, bytes: bytesOf(shape, native) });
  }

  #insert(id: tf.DataId, stored: Stored): void {
    this.#data.set(id, stored);
    this.#bytes += stored.bytes;
    this.#peak = Math.max(this.#peak, this.#bytes);
    this.#heap?.grew(this.#bytes);
  }

  /** A tensor of a temporary that becomes its data: contiguous, of the given shape. */
  output(tensor: Handle, shape: readonly number[], dtype: tf.DataType): tf.TensorInfo {
    this.engine.requireHolds(tensor, shape, dtype as NativeType);
    const handle = this.engine.keep(tensor);
    const id = {};
    const copy = shape.slice();
    const bytes = bytesOf(copy, dtype as NativeType);
    this.#insert(id, { handle, dtype, shape: copy, references: 1, readers: 0, bytes });
    this.#made?.push(id);
    return { dataId: id, shape: copy, dtype };
  }

  /**
   * A tensor that is computed when somebody asks for its values, and never when nobody does: tfjs' fused convolutions want
   * the gradient of their input even where that input is data.
   *
   * @param needs - What it is made of, as the values are now.
   * @param make - Computes it from their handles: a temporary, contiguous, of the given shape.
   */
  deferred(
    needs: readonly tf.TensorInfo[],
    shape: readonly number[],
    dtype: NativeType,
    make: Pending['make'],
  ): tf.TensorInfo {
    const held = needs.map(({ dataId }) => this.#ready(dataId));
    for (const one of held) one.readers++;
    const id = {};
    const copy = shape.slice();
    const pending = { make, needs: held };
    const bytes = bytesOf(copy, dtype);
    this.#insert(id, { handle: 0, pending, dtype, shape: copy, references: 1, readers: 0, bytes });
    this.#made?.push(id);
    return { dataId: id, shape: copy, dtype };
  }

  /** What stands behind a data id, with its values there. */
  #ready(id: tf.DataId): Stored {
    const stored = this.#data.get(id);
    const { pending, shape, dtype } = stored;
    if (pending === undefined) return stored;
    const { engine } = this;
    stored.handle = engine.scope(() => {
      const made = pending.make(...pending.needs.map(({ handle }) => handle));
      engine.requireHolds(made, shape, dtype as NativeType);
      return engine.keep(made);
    });
    this.#forget(stored);
    return stored;
  }

  /** Lets go of what a tensor would be or was made of. */
  #forget(stored: Stored): void {
    for (const one of stored.pending?.needs ?? []) this.#leave(one);
    stored.pending = undefined;
  }

  /** One reader less. */
  #leave(stored: Stored): void {
    stored.readers--;
    if (stored.readers === 0 && stored.references <= 0) this.#free(stored);
  }

  /** Runs a kernel; what it has made when it throws is freed. */
  attempt(kernel: Kernel, inputs: Inputs, attrs: never): ReturnType<Kernel> {
    const outer = this.#made;
    const made: tf.DataId[] = [];
    this.#made = made;
    const mark = this.engine.mark();
    try {
      return kernel(this, inputs, attrs);
    } catch (error) {
      for (const id of made) this.disposeData(id);
      throw error;
    } finally {
      this.engine.release(mark);
      this.#made = outer;
    }
  }

  /** A tensor of given values. */
  make(values: Values, shape: readonly number[], dtype: tf.DataType): tf.TensorInfo {
    const copy = [...shape];
    return { dataId: this.write(values, copy, dtype), shape: copy, dtype };
  }

  /** A complex tensor; it owns one reference of each part. */
  complex(real: tf.TensorInfo, imag: tf.TensorInfo): tf.TensorInfo {
    const id = {};
    const { shape } = real;
    this.#data.set(id, {
      dtype: 'complex64',
      shape,
      references: 1,
      readers: 0,
      handle: 0,
      bytes: 0,
      parts: { real, imag },
    });
    return { dataId: id, shape, dtype: 'complex64' };
  }

  /** The parts of a complex tensor, still owned by it. */
  parts({ dataId }: tf.TensorInfo): { real: tf.TensorInfo; imag: tf.TensorInfo } {
    return this.#data.get(dataId).parts!;
  }

  /** Says whether values of a dtype are in libtorch. */
  isNative(dtype: tf.DataType): boolean {
    return dtype === 'float32' || dtype === 'int32' || dtype === 'bool';
  }

  /** A tensor's handle under the shape its info gives; it lives at most as long as the scope. */
  handle(info: tf.TensorInfo): Handle {
    const { handle, shape } = this.#ready(info.dataId);
    if (sameShape(shape, info.shape)) return handle;
    if (tf.util.sizeFromShape(shape) !== tf.util.sizeFromShape(info.shape)) {
      throw new Error(`torch: expected a tensor of [${shape}], found one called [${info.shape}].`);
    }
    return this.engine.view(handle, info.shape);
  }

  /** The same data under another shape. */
  alias(info: tf.TensorInfo, shape: readonly number[] = info.shape): tf.TensorInfo {
    this.incRef(info.dataId);
    this.#made?.push(info.dataId);
    return { dataId: info.dataId, shape: shape.slice(), dtype: info.dtype };
  }

  override readSync(id: tf.DataId): Values {
    const { dtype, shape, handle, texts, parts } = this.#ready(id);
    if (texts) return texts;
    if (parts) {
      const real = this.readSync(parts.real.dataId) as Float32Array;
      const imag = this.readSync(parts.imag.dataId) as Float32Array;
      return tf.backend_util.mergeRealAndImagArrays(real, imag);
    }
    return this.engine.read(handle, tf.util.sizeFromShape(shape), dtype as NativeType);
  }

  /** The values as of the call, whatever becomes of the tensor meanwhile. */
  override async read(id: tf.DataId): Promise<Values> {
    const stored = this.#ready(id);
    const { dtype, shape, handle, texts, parts } = stored;
    if (texts) return texts;
    if (parts) {
      const [real, imag] = await Promise.all(
        [parts.real, parts.imag].map((p) => this.read(p.dataId)),
      );
      return tf.backend_util.mergeRealAndImagArrays(real as Float32Array, imag as Float32Array);
    }
    stored.readers++;
    try {
      return await this.engine.readLater(handle, sizeOf(shape), dtype as NativeType);
    } finally {
      this.#leave(stored);
    }
  }

  /** Whether a kernel may write over the values: nobody else has or awaits them. */
  isSole({ dataId }: tf.TensorInfo): boolean {
    const { references, readers } = this.#data.get(dataId);
    return references === 1 && readers === 0;
  }

  /** The data of a tensor whose values were written over, under a new id: what others remember by the old one is of the old values. */
  renew({ dataId, shape, dtype }: tf.TensorInfo): tf.TensorInfo {
    const id = {};
    this.#data.set(id, this.#data.get(dataId));
    this.#data.delete(dataId);
    return { dataId: id, shape, dtype };
  }

  override numDataIds(): number {
    return this.#data.numDataIds();
  }

  override incRef(id: tf.DataId): void {
    this.#data.get(id).references++;
  }

  override refCount(id: tf.DataId): number {
    return this.#data.has(id) ? this.#data.get(id).references : 0;
  }

  override disposeData(id: tf.DataId, force = false): boolean {
    if (!this.#data.has(id)) return true;
    const stored = this.#data.get(id);
    stored.references--;
    if (!force && stored.references > 0) return false;
    stored.references = 0;
    this.#data.delete(id);
    if (stored.parts) {
      this.disposeData(stored.parts.real.dataId);
      this.disposeData(stored.parts.imag.dataId);
    }
    if (stored.readers === 0) this.#free(stored);
    return true;
  }

  #free(stored: Stored): void {
    this.#forget(stored);
    if (stored.handle !== 0) this.engine.free(stored.handle);
    this.#bytes -= stored.bytes;
  }

  /** What a kernel made and no tensor took. */
  disposeIntermediateTensorInfo({ dataId }: tf.TensorInfo): void {
    this.disposeData(dataId);
  }

  override memory(): TorchMemory {
    return {
      unreliable: false,
      torchBytes: this.#bytes,
      torchPeakBytes: this.#peak,
      torchReservedBytes: this.engine.reserved(),
      torchProcessBytes: process.memoryUsage.rss(),
    };
  }

  override async time(body: () => void): Promise<tf.BackendTimingInfo> {
    const start = tf.util.now();
    body();
    return { kernelMs: tf.util.now() - start };
  }

  override timerAvailable(): boolean {
    return true;
  }

  override floatPrecision(): 16 | 32 {
    return 32;
  }

  override epsilon(): number {
    return 1e-7;
  }

  override dispose(): void {
    this.engine.dispose();
  }
}

const bytesOf = (shape: readonly number[], dtype: NativeType) =>
  sizeOf(shape) * elementBytes[dtype];

function sameShape(a: readonly number[], b: readonly number[]): boolean {
  if (a === b) return true;
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}

/** The values as the typed array of a dtype, which tfjs does not always hand over. */
function typed(values: ArrayLike<number>, dtype: NativeType): ArrayBufferView {
  if (dtype === 'float32')
    return values instanceof Float32Array ? values : Float32Array.from(values);
  if (dtype === 'int32') return values instanceof Int32Array ? values : Int32Array.from(values);
  return values instanceof Uint8Array ? values : Uint8Array.from(values);
}
