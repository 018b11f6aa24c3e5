import type { Device, Precision } from './device.ts';
import { codes, type ElementType, type NativeType, type Values } from './dtype.ts';
import { type Argument, Dispatcher, type Handle } from './ffi/dispatch.ts';
import type { Address, Library } from './ffi/library.ts';
import type { OpName } from './ffi/signatures.ts';
import { Layout, sizeOf, stridesOf } from './layout.ts';
import { Scalars } from './scalars.ts';
import { Temporaries } from './temporaries.ts';
import { Transfer } from './transfer.ts';

/**
 * Tensors of libtorch, and ops on them. What an op returns is temporary: it lives until the innermost
 * `scope` ends, unless `keep` takes it out.
 */
export class Engine extends Temporaries {
  readonly #dispatcher: Dispatcher;
  readonly #library: Library;
  readonly #layout: Layout;
  readonly #scalars: Scalars;
  readonly #transfer: Transfer;
  readonly device: Device;
  readonly precision: Precision;
  /** Keeps a GPU the thread's own; 0 on the processor. */
  #guard = 0;

  constructor(library: Library, device: Device, precision: Precision = 'float32') {
    super((tensor) => library.deleteTensor(tensor));
    this.#library = library;
    this.device = device;
    this.precision = precision;
    this.#dispatcher = new Dispatcher(library);
    this.#layout = new Layout(library);
    this.#scalars = new Scalars(library, this.#dispatcher);
    this.#transfer = new Transfer(this, this.#dispatcher);
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

  /** Runs an op of one result. */
  op(name: OpName, ...args: Argument[]): Handle {
    return this.add(this.#dispatcher.call(name, args)[0]!);
  }

  /** Runs an op of several results. */
  ops(name: OpName, ...args: Argument[]): Handle[] {
    const results = this.#dispatcher.call(name, args);
    // A result that was not asked for is an undefined tensor, whose handle is freed as any other.
    for (const result of results) this.add(result);
    return results;
  }

  /** The address of a text that ends with a zero; made once. */
  text(text: string): Address {
    return this.#dispatcher.text(text);
  }

  #taken(status: number, what: string): Handle {
    this.#dispatcher.check(status, what);
    return this.add(this.#dispatcher.result());
  }

  /** A tensor of unwritten values. */
  empty(shape: readonly number[], dtype: ElementType): Handle {
    return this.#unwritten(shape, dtype, this.device.cuda);
  }

  /** One in the processor's memory, whatever the device. */
  emptyHost(shape: readonly number[], dtype: ElementType): Handle {
    return this.#unwritten(shape, dtype, false);
  }

  /** One in the processor's memory that a GPU copies from while this thread goes on; null where there is none to be had. */
  emptyPinned(shape: readonly number[], dtype: ElementType): Handle | null {
    const { emptyPinned, cpu } = this.#library;
    if (emptyPinned === undefined || !this.device.cuda || sizeOf(shape) === 0) return null;
    const layout = this.#layout;
    layout.set(shape, stridesOf(shape));
    const { sizes, strides } = layout;
    const { out } = this.#dispatcher;
    const status = emptyPinned(shape.length, sizes, strides, codes[dtype], cpu, 0, out);
    // Pinned memory may be scarce where other memory is not.
    return status === 0 ? this.add(this.#dispatcher.result()) : null;
  }

  #unwritten(shape: readonly number[], dtype: ElementType, cuda: boolean): Handle {
    const layout = this.#layout;
    layout.set(shape, stridesOf(shape));
    const l = this.#library;
    const [type, index] = cuda ? [l.cuda, this.device.index] : [l.cpu, 0];
    const { out } = this.#dispatcher;
    const dims = shape.length;
    const { sizes, strides } = layout;
    return this.#taken(
      l.emptyStrided(dims, sizes, strides, codes[dtype], type, index, out),
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
    let last = 0;
    for (let i = 0; i < shape.length; i++) last += (shape[i]! - 1) * strides[i]!;
    if (last >= count && sizeOf(shape) !== 0) {
      throw new Error(`torch: a view of [${shape}] does not lie inside a tensor of ${count}.`);
    }
    const layout = this.#layout;
    layout.set(shape, strides);
    const { out } = this.#dispatcher;
    const { sizes, strides: steps } = layout;
    return this.#taken(
      this.#library.reinterpret(tensor, shape.length, sizes, steps, 0, out),
      'view',
    );
  }

  /** The same elements, contiguous, under another shape of equal size. */
  view(tensor: Handle, shape: readonly number[]): Handle {
    return this.strided(tensor, sizeOf(shape), shape, stridesOf(shape));
  }

  /**
   * A contiguous tensor of a shape seen with its dimensions in another order: a view.
   *
   * @throws Error when the tensor has not as many elements as the shape: the view would reach beyond them.
   */
  permuted(tensor: Handle, shape: readonly number[], order: readonly number[]): Handle {
    const d = this.#dispatcher;
    d.check(this.#library.count(tensor, d.out), 'count');
    if (d.result() !== sizeOf(shape)) {
      throw new Error(
        `torch: expected ${sizeOf(shape)} elements to see as [${shape}] in the order ${order}, found ${d.result()}; the kernel's arguments do not fit each other.`,
      );
    }
    const steps = stridesOf(shape);
    const sizes = order.map((axis) => shape[axis]!);
    const strides = order.map((axis) => steps[axis]!);
    return this.strided(tensor, sizeOf(shape), sizes, strides);
  }

  /**
   * The contiguous tensor of a shape that a tensor shows with its dimensions in another order: the same elements where
   * they lie so, else a copy.
   */
  unpermuted(tensor: Handle, shape: readonly number[], order: readonly number[]): Handle {
    const steps = stridesOf(shape);
    if (this.#lies(tensor, shape, steps, order)) {
      return this.strided(tensor, sizeOf(shape), shape, steps);
    }
    const back = order.map((_, axis) => order.indexOf(axis));
    return this.contiguous(this.op('aten::permute', tensor, back));
  }

  /** Whether a tensor lies as the contiguous one of a shape does, seen in an order. */
  #lies(
    tensor: Handle,
    shape: readonly number[],
    steps: readonly number[],
    order: readonly number[],
  ): boolean {
    const d = this.#dispatcher;
    d.check(this.#library.count(tensor, d.out), 'count');
    if (d.result() !== sizeOf(shape)) return false;
    d.check(this.#library.strides(tensor, d.out), 'strides');
    const strides = this.#layout.read(d.result(), shape.length);
    // A dimension of one element may have any stride.
    return order.every((axis, i) => shape[axis] === 1 || strides[i] === steps[axis]);
  }

  /** A contiguous tensor of the same values: the tensor itself where it is one. */
  contiguous(tensor: Handle): Handle {
    const d = this.#dispatcher;
    d.check(this.#library.isContiguous(tensor, d.out), 'is contiguous');
    if ((d.result() & 255) !== 0) return tensor;
    return this.op('aten::clone', tensor, 0);
  }

  /** Converts to a dtype, with a copy only where the dtype differs. */
  cast(tensor: Handle, dtype: ElementType): Handle {
    const d = this.#dispatcher;
    d.check(this.#library.dtype(tensor, d.out), 'dtype');
    if (d.result() % 2 ** 32 === codes[dtype]) return tensor;
    return this.op('aten::to.dtype', tensor, codes[dtype], false, false, null);
  }

  /** A tensor without dimensions, made once per value. */
  scalar(value: number, dtype: ElementType): Handle {
    const known = this.#scalars.get(value, dtype);
    if (known !== undefined) return known;
    const handle = this.device.cuda
      ? this.keep(this.full([], value, dtype))
      : this.#scalars.make(value, dtype);
    if (!this.#scalars.keep(value, dtype, handle)) this.add(handle);
    return handle;
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
    this.#layout.setPadding(before, after, value);
    const { sizes, strides } = this.#layout;
    const mode = this.#dispatcher.text('constant');
    const { out } = this.#dispatcher;
    return this.#taken(
      this.#library.pad(tensor, sizes, 2 * before.length, mode, strides, out),
      'pad',
    );
  }

  /** A tensor of given values. */
  from(values: ArrayBufferView, shape: readonly number[], dtype: NativeType): Handle {
    return this.#transfer.from(values, shape, dtype);
  }

  /** Copies a contiguous tensor's values out, after all that was asked for before. */
  read(tensor: Handle, size: number, dtype: NativeType): Values {
    return this.#transfer.read(tensor, size, dtype);
  }

  /** The same without waiting: the tensor must live, and nothing write to it, until the promise is settled. */
  readLater(tensor: Handle, size: number, dtype: NativeType): Promise<Values> {
    return this.#transfer.readLater(tensor, size, dtype);
  }

  /** The shape libtorch gives a tensor. */
  shape(tensor: Handle): number[] {
    const d = this.#dispatcher;
    d.check(this.#library.dim(tensor, d.out), 'dim');
    const dims = d.result();
    d.check(this.#library.sizes(tensor, d.out), 'sizes');
    return this.#layout.read(d.result(), dims);
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
    this.#scalars.dispose((handle) => this.free(handle));
    if (this.#guard !== 0) this.#library.releaseDevice(this.#guard);
    this.#guard = 0;
  }
}
