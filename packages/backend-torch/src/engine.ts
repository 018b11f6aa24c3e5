import type { Device, Precision } from './device.ts';
import { type Argument, Dispatcher, type Handle } from './ffi/dispatch.ts';
import type { Library } from './ffi/library.ts';
import type { OpName } from './ffi/signatures.ts';

/** The dtypes that live in libtorch. */
export type NativeType = 'float32' | 'int32' | 'bool';
/** Those, and the ones that kernels compute with in between. */
export type ElementType = NativeType | 'float64' | 'int64' | 'bfloat16';
type Values = Float32Array | Int32Array | Uint8Array;

/** c10::ScalarType. */
const codes: Record<ElementType, number> = {
  float32: 6,
  float64: 7,
  bfloat16: 15,
  int32: 3,
  int64: 4,
  bool: 11,
};
const bytesOf: Record<NativeType, number> = { float32: 4, int32: 4, bool: 1 };
const maxDims = 16;

/** Row-major strides of a shape, in elements. */
function stridesOf(shape: readonly number[]): number[] {
  const strides = new Array<number>(shape.length);
  for (let i = shape.length - 1, step = 1; i >= 0; step *= Math.max(1, shape[i--]!)) {
    strides[i] = step;
  }
  return strides;
}

/** Room for values of a dtype. */
function room(size: number, dtype: NativeType): Values {
  if (dtype === 'float32') return new Float32Array(size);
  return dtype === 'int32' ? new Int32Array(size) : new Uint8Array(size);
}

const sizeOf = (shape: readonly number[]) => shape.reduce((product, size) => product * size, 1);

/**
 * Tensors of libtorch, and ops on them. What an op returns is temporary: it lives until the innermost
 * `scope` ends, unless `keep` takes it out.
 */
export class Engine {
  readonly #dispatcher: Dispatcher;
  readonly #library: Library;
  readonly #sizes: { at: number; values: BigInt64Array };
  readonly #strides: { at: number; values: BigInt64Array };
  /** The first of the strides' words, as a double. */
  readonly #double: Float64Array;
  #temporaries: Handle[] = [];
  readonly #scalars = new Map<string, Handle>();
  readonly device: Device;
  readonly precision: Precision;
  /** Keeps a GPU the thread's own; 0 on the processor. */
  #guard = 0;

  constructor(library: Library, device: Device, precision: Precision = 'float32') {
    this.#library = library;
    this.device = device;
    this.precision = precision;
    this.#dispatcher = new Dispatcher(library);
    const longs = () => {
      const at = library.malloc(maxDims * 8);
      return { at, values: new BigInt64Array(library.view(at, maxDims * 8)) };
    };
    this.#sizes = longs();
    this.#strides = longs();
    this.#double = new Float64Array(this.#strides.values.buffer);
    if (device.cuda) {
      this.#dispatcher.check(
        library.guardDevice(device.index, this.#dispatcher.out),
        `device ${device.name}`,
      );
      this.#guard = this.#dispatcher.result();
    }
  }

  /** The functions of libtorch it calls. */
  get library(): Library {
    return this.#library;
  }

  /** Frees what `body` has made and not kept. */
  scope<T>(body: () => T): T {
    const mark = this.#temporaries.length;
    try {
      return body();
    } finally {
      for (let i = this.#temporaries.length - 1; i >= mark; i--) {
        this.#library.deleteTensor(this.#temporaries[i]!);
      }
      this.#temporaries.length = mark;
    }
  }

  /** Takes a temporary out of its scope: the caller frees it. */
  keep(tensor: Handle): Handle {
    const index = this.#temporaries.lastIndexOf(tensor);
    if (index < 0) throw new Error('keep: expected a temporary of an open scope, found none such.');
    this.#temporaries.splice(index, 1);
    return tensor;
  }

  free(tensor: Handle): void {
    this.#library.deleteTensor(tensor);
  }

  /** Runs an op of one result. */
  op(name: OpName, ...args: Argument[]): Handle {
    return this.ops(name, ...args)[0]!;
  }

  /** Runs an op of several results. */
  ops(name: OpName, ...args: Argument[]): Handle[] {
    const results = this.#dispatcher.call(name, args);
    // A result that was not asked for is an undefined tensor, whose handle is freed as any other.
    for (const result of results) this.#temporaries.push(result);
    return results;
  }

  #taken(status: number, what: string): Handle {
    this.#dispatcher.check(status, what);
    const handle = this.#dispatcher.result();
    this.#temporaries.push(handle);
    return handle;
  }

  #layout(shape: readonly number[], strides: readonly number[]): void {
    if (shape.length > maxDims) {
      throw new Error(`torch: expected at most ${maxDims} dimensions, found ${shape.length}.`);
    }
    for (let i = 0; i < shape.length; i++) {
      const size = shape[i]!;
      if (!Number.isSafeInteger(size) || size < 0) {
        throw new Error(`torch: expected sizes to be whole numbers from 0 on, got [${shape}].`);
      }
      this.#sizes.values[i] = BigInt(size);
      this.#strides.values[i] = BigInt(strides[i]!);
    }
  }

  /** A tensor of unwritten values. */
  empty(shape: readonly number[], dtype: ElementType): Handle {
    return this.#unwritten(shape, dtype, this.device.cuda);
  }

  #unwritten(shape: readonly number[], dtype: ElementType, cuda: boolean): Handle {
    this.#layout(shape, stridesOf(shape));
    const l = this.#library;
    const [type, index] = cuda ? [l.cuda, this.device.index] : [l.cpu, 0];
    const { out } = this.#dispatcher;
    return this.#taken(
      l.emptyStrided(
        shape.length,
        this.#sizes.at,
        this.#strides.at,
        codes[dtype],
        type,
        index,
        out,
      ),
      'empty',
    );
  }

  /** The same elements under other sizes and strides; `count` is how many elements the tensor has. */
  strided(
    tensor: Handle,
    count: number,
    shape: readonly number[],
    strides: readonly number[],
  ): Handle {
    const last = shape.reduce((sum, size, i) => sum + (size - 1) * strides[i]!, 0);
    const inside = sizeOf(shape) === 0 || last < count;
    if (!inside) {
      throw new Error(`torch: a view of [${shape}] does not lie inside a tensor of ${count}.`);
    }
    this.#layout(shape, strides);
    return this.#taken(
      this.#library.reinterpret(
        tensor,
        shape.length,
        this.#sizes.at,
        this.#strides.at,
        0,
        this.#dispatcher.out,
      ),
      'view',
    );
  }

  /** The same elements, contiguous, under another shape of equal size. */
  view(tensor: Handle, shape: readonly number[]): Handle {
    return this.strided(tensor, sizeOf(shape), shape, stridesOf(shape));
  }

  /** A contiguous tensor of the same values: the tensor itself where it is one. */
  contiguous(tensor: Handle): Handle {
    this.#dispatcher.check(
      this.#library.isContiguous(tensor, this.#dispatcher.out),
      'is contiguous',
    );
    if ((this.#dispatcher.result() & 255) !== 0) return tensor;
    return this.op('aten::clone', tensor, 0);
  }

  /** Converts to a dtype, with a copy only where the dtype differs. */
  cast(tensor: Handle, dtype: ElementType): Handle {
    return this.op('aten::to.dtype', tensor, codes[dtype], false, false, null);
  }

  /** A tensor without dimensions, made once per value. */
  scalar(value: number, dtype: ElementType): Handle {
    const key = `${dtype}${Object.is(value, -0) ? '-0' : value}`;
    const known = this.#scalars.get(key);
    if (known !== undefined) return known;
    const handle = this.device.cuda
      ? this.keep(this.full([], value, dtype))
      : this.#make(value, dtype);
    if (this.#scalars.size >= 1024) {
      // Values that change with every step, as a learning rate does, must not pile up.
      this.#temporaries.push(handle);
      return handle;
    }
    this.#scalars.set(key, handle);
    return handle;
  }

  #make(value: number, dtype: ElementType): Handle {
    const { out } = this.#dispatcher;
    const l = this.#library;
    const make = {
      float32: l.scalarFloat32,
      float64: l.scalarFloat64,
      bfloat16: l.scalarFloat32,
      int32: l.scalarInt32,
      int64: l.scalarInt64,
      bool: l.scalarBool,
    };
    this.#dispatcher.check(make[dtype](value, out), 'scalar');
    return this.#dispatcher.result();
  }

  /** A float32 tensor as products and convolutions take it: of the precision asked for. */
  compute(tensor: Handle): Handle {
    return this.precision === 'bfloat16' ? this.cast(tensor, 'bfloat16') : tensor;
  }

  /** What they give, as float32. */
  computed(tensor: Handle): Handle {
    return this.precision === 'bfloat16' ? this.cast(tensor, 'float32') : tensor;
  }

  /** A tensor of one value. */
  full(shape: readonly number[], value: number, dtype: ElementType): Handle {
    const tensor = this.empty(shape, dtype);
    this.#dispatcher.check(this.#library.fill(tensor, value), 'fill');
    return tensor;
  }

  /** a - alpha b with broadcasting, for floats. */
  subtract(a: Handle, b: Handle, alpha: number): Handle {
    return this.#taken(this.#library.subtract(a, b, alpha, this.#dispatcher.out), 'subtract');
  }

  /** Pads with a constant: `before` and `after` by dimension; negative ones cut. */
  pad(tensor: Handle, before: readonly number[], after: readonly number[], value: number): Handle {
    const { out } = this.#dispatcher;
    const count = 2 * before.length;
    if (count > maxDims)
      throw new Error(`torch: expected at most ${maxDims / 2} padded dimensions.`);
    for (let i = 0; i < before.length; i++) {
      // libtorch wants the last dimension first.
      this.#sizes.values[count - 2 * i - 2] = BigInt(before[i]!);
      this.#sizes.values[count - 2 * i - 1] = BigInt(after[i]!);
    }
    this.#double[0] = value;
    const mode = this.#dispatcher.text('constant');
    return this.#taken(
      this.#library.pad(tensor, this.#sizes.at, count, mode, this.#strides.at, out),
      'pad',
    );
  }

  /** A tensor of given values. */
  from(values: ArrayBufferView, shape: readonly number[], dtype: NativeType): Handle {
    const bytes = sizeOf(shape) * bytesOf[dtype];
    if (values.byteLength < bytes) {
      throw new Error(
        `torch: expected ${bytes} bytes for [${shape}] ${dtype}, found ${values.byteLength}.`,
      );
    }
    const host = this.#unwritten(shape, dtype, false);
    if (bytes > 0) this.#library.upload(this.#pointer(host), values, bytes);
    if (!this.device.cuda) return host;
    const tensor = this.empty(shape, dtype);
    this.#dispatcher.check(this.#library.copyTensor(tensor, host, 0), 'upload');
    return tensor;
  }

  /** Copies a contiguous tensor's values out, after all that was asked for before. */
  read(tensor: Handle, size: number, dtype: NativeType): Values {
    return this.scope(() => {
      const values = room(size, dtype);
      let host = tensor;
      if (this.device.cuda && size > 0) {
        host = this.#unwritten([size], dtype, false);
        const flat = this.view(tensor, [size]);
        this.#dispatcher.check(this.#library.copyTensor(host, flat, 0), 'download');
      }
      if (size > 0) this.#library.download(values, this.#pointer(host), values.byteLength);
      return values;
    });
  }

  #pointer(tensor: Handle): number {
    this.#dispatcher.check(this.#library.dataPointer(tensor, this.#dispatcher.out), 'data');
    return this.#dispatcher.result();
  }

  /** The shape libtorch gives a tensor. */
  shape(tensor: Handle): number[] {
    const d = this.#dispatcher;
    d.check(this.#library.dim(tensor, d.out), 'dim');
    const dims = d.result();
    d.check(this.#library.sizes(tensor, d.out), 'sizes');
    if (dims === 0) return [];
    this.#library.copy(this.#sizes.at, d.result(), dims * 8);
    return Array.from({ length: dims }, (_, i) => Number(this.#sizes.values[i]));
  }

  /** Throws unless a tensor holds what it is said to: reading past its end would end the process. */
  requireHolds(tensor: Handle, shape: readonly number[], dtype: NativeType): void {
    const d = this.#dispatcher;
    d.check(this.#library.count(tensor, d.out), 'count');
    const count = d.result();
    d.check(this.#library.dtype(tensor, d.out), 'dtype');
    const code = d.result() % 2 ** 32;
    if (count === sizeOf(shape) && code === codes[dtype]) return;
    throw new Error(
      `torch: expected ${sizeOf(shape)} values of ${dtype} for [${shape}], found ${count} of type ${code}; the kernel's arguments do not fit each other.`,
    );
  }

  /** Bytes the heap behind the tensors has taken from the system. */
  reserved(): number {
    return this.#library.reserved();
  }

  /** Frees the scalars, and gives the GPU back. */
  dispose(): void {
    for (const handle of this.#scalars.values()) this.free(handle);
    this.#scalars.clear();
    if (this.#guard !== 0) this.#library.releaseDevice(this.#guard);
    this.#guard = 0;
  }
}
