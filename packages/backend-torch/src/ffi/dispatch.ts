import { fits, type Kind, kindOf } from './kind.ts';
import type { Address, Library } from './library.ts';
import { type OpName, signatures } from './signatures.ts';

/** A tensor of libtorch; the number is the address of its handle. */
export type Handle = Address;
/** What an op takes: a tensor, a number, a truth value, lists of them, a text, or nothing for an optional. */
export type Argument = number | boolean | string | null | readonly (number | boolean | null)[];

interface Signature {
  name: Address;
  overload: Address;
  kinds: readonly Kind[];
  returns: number;
}

const slots = 64;
const high = 2 ** 32;

/** Calls ops by name through libtorch's dispatcher, each argument encoded as the op's schema demands. */
export class Dispatcher {
  readonly library: Library;
  /** The call's stack; results overwrite it from slot 0. */
  readonly #stack: Address;
  readonly #words: Uint32Array;
  readonly #doubles: Float64Array;
  /** Where functions other than the dispatcher leave a result. */
  readonly out: Address;
  readonly #outWords: Uint32Array;
  readonly #signatures = new Map<OpName, Signature>();
  readonly #texts = new Map<string, Address>();

  constructor(library: Library) {
    this.library = library;
    this.#stack = library.malloc(slots * 8);
    const buffer = library.view(this.#stack, slots * 8);
    this.#words = new Uint32Array(buffer);
    this.#doubles = new Float64Array(buffer);
    this.out = library.malloc(64);
    this.#outWords = new Uint32Array(library.view(this.out, 64));
  }

  /** The address, or integer below 2^53, that a function has left at `out`. */
  result(): number {
    return this.#outWords[0]! + this.#outWords[1]! * high;
  }

  /** Throws with libtorch's own words when a status is not 0. */
  check(status: number, what: string): void {
    if (status === 0) return;
    const text = this.library.lastError().split('\n')[0];
    throw new Error(`${what}: libtorch refused it: ${text || 'no reason given'}`);
  }

  /**
   * Runs an op.
   *
   * @param op - Its full name with the overload.
   * @param args - Its arguments in the order of its schema, all of them.
   * @returns Its results, owned by the caller: handles, or plain numbers for results that are none.
   * @throws Error when an argument does not fit the schema, or libtorch refuses the call.
   */
  call(op: OpName, args: readonly Argument[]): Handle[] {
    const { name, overload, kinds, returns } = this.#signature(op);
    if (args.length !== kinds.length) {
      throw new Error(`${op}: expected ${kinds.length} arguments, found ${args.length}.`);
    }
    // All checks come first: what is encoded is owned by the stack, and only the call frees it.
    for (let i = 0; i < kinds.length; i++) {
      if (fits(kinds[i]!, args[i]!)) continue;
      throw new Error(
        `${op}: argument ${i} does not fit its kind ${kinds[i]!.text}: ${String(args[i])}.`,
      );
    }
    for (let i = 0; i < kinds.length; i++) this.#encode(i, kinds[i]!, args[i]!);
    const { library } = this;
    this.check(library.callDispatcher(name, overload, this.#stack, library.abiVersion), op);
    const words = this.#words;
    if (returns === 1) return [words[0]! + words[1]! * high];
    const results: Handle[] = new Array(returns);
    for (let i = 0; i < returns; i++) results[i] = words[2 * i]! + words[2 * i + 1]! * high;
    return results;
  }

  #encode(slot: number, kind: Kind, value: Argument): void {
    const { item } = kind;
    if (value === null) {
      this.#set(slot, 0);
      return;
    }
    if (kind.list) this.#set(slot, this.#list(kind, value as readonly (number | boolean | null)[]));
    else if (item === 'T') this.#set(slot, this.#owned(value as number));
    else if (item === 'F') this.#doubles[slot] = value as number;
    else if (item === 'S') this.#set(slot, this.#string(value as string));
    else this.#set(slot, Number(value));
    if (kind.optional) this.#set(slot, this.#cell(this.#stack + 8 * slot));
  }

  /** Both halves of an address or integer: a typed array takes what is beyond 32 bits off by itself. */
  #set(slot: number, value: number): void {
    this.#words[2 * slot] = value;
    this.#words[2 * slot + 1] = Math.floor(value / high);
  }

  #owned(tensor: Handle): Handle {
    this.check(this.library.newHandle(tensor, this.out), 'new handle');
    return this.result();
  }

  /** An optional value lives in a heap cell, which the call frees. */
  #cell(from: Address): Address {
    const cell = this.library.malloc(8);
    this.library.copy(cell, from, 8);
    return cell;
  }

  #list(kind: Kind, values: readonly (number | boolean | null)[]): Address {
    const { library } = this;
    this.check(library.newList(values.length, this.out), 'new list');
    const list = this.result();
    for (let i = 0; i < values.length; i++) {
      const value = values[i] as number | boolean | null;
      if (kind.item !== 'T') library.pushBack(list, Number(value));
      else if (value === null) library.pushHandle(list, 0);
      else {
        const owned = this.#owned(value as number);
        library.pushHandle(list, kind.holes ? this.#cell(this.out) : owned);
      }
    }
    return list;
  }

  #string(text: string): Address {
    this.check(this.library.newString(this.text(text), text.length, this.out), 'new string');
    return this.result();
  }

  /** A zero-terminated copy of a text in native memory, made once. */
  text(text: string): Address {
    const known = this.#texts.get(text);
    if (known !== undefined) return known;
    const bytes = new TextEncoder().encode(`${text}\0`);
    const address = this.library.malloc(bytes.length);
    this.library.upload(address, bytes, bytes.length);
    this.#texts.set(text, address);
    return address;
  }

  #signature(op: OpName): Signature {
    const known = this.#signatures.get(op);
    if (known) return known;
    const [kinds, returns] = signatures[op];
    const [name, overload] = op.split('.');
    const made = {
      name: this.text(name!),
      overload: this.text(overload ?? ''),
      kinds: kinds === '' ? [] : kinds.split(' ').map(kindOf),
      returns,
    };
    this.#signatures.set(op, made);
    return made;
  }
}
