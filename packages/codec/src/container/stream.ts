import { PleatFormatError } from '../errors.ts';
import { checkPadding } from './container.ts';
import { headerEnd, readHeader } from './header.ts';
import { preambleBytes } from './layout.ts';
import { type DecodeOptions, defaultLimits } from './limits.ts';
import { decodeSection } from './section.ts';
import type { Section } from './types.ts';

type Chunks = AsyncIterable<Uint8Array> | ReadableStream<Uint8Array>;

async function* chunksOf(source: Chunks): AsyncGenerator<Uint8Array> {
  if (Symbol.asyncIterator in source) {
    yield* source;
    return;
  }
  // Some browsers' streams cannot be iterated, but all can be read.
  const reader = (source as ReadableStream<Uint8Array>).getReader();
  let done = false;
  try {
    for (;;) {
      const next = await reader.read();
      done = next.done;
      if (next.done) return;
      yield next.value;
    }
  } finally {
    if (!done) await reader.cancel();
    reader.releaseLock();
  }
}

/** Hands out exactly as many bytes as asked for, and keeps only what has arrived and is not yet handed out. */
class ByteQueue {
  readonly #chunks: AsyncGenerator<Uint8Array>;
  #waiting: Uint8Array[] = [];
  #available = 0;

  constructor(source: Chunks) {
    this.#chunks = chunksOf(source);
  }

  async #pull(): Promise<boolean> {
    const next = await this.#chunks.next();
    if (next.done) return false;
    this.#waiting.push(next.value);
    this.#available += next.value.length;
    return true;
  }

  async take(count: number): Promise<Uint8Array> {
    while (this.#available < count && (await this.#pull())) {}
    const taken = new Uint8Array(Math.min(count, this.#available));
    let length = 0;
    let used = 0;
    while (length < taken.length) {
      const chunk = this.#waiting[used]!;
      const part = chunk.subarray(0, taken.length - length);
      taken.set(part, length);
      length += part.length;
      if (part.length < chunk.length) this.#waiting[used] = chunk.subarray(part.length);
      else used++;
    }
    this.#waiting.splice(0, used);
    this.#available -= length;
    return taken;
  }

  async atEnd(): Promise<boolean> {
    while (this.#available === 0) if (!(await this.#pull())) return true;
    return false;
  }

  async close(): Promise<void> {
    await this.#chunks.return(undefined);
  }
}

/**
 * Reads a `.pleat` file as it arrives: each section is yielded as soon as its last byte is there.
 *
 * @param chunks the file in pieces of any sizes, such as `response.body` or a Node stream
 * @param options limits that replace the default ones
 * @returns the sections, in the order of the file
 * @throws PleatFormatError when the file turns out broken; sections yielded before are sound all the same
 * @example
 * const file = encodeContainer([{ kind: 'json', name: 'classes', value: ['cat', 'dog'] }]);
 * for await (const section of decodeStream(new Blob([file]).stream())) console.log(section.name); // classes
 */
export async function* decodeStream(
  chunks: Chunks,
  options: DecodeOptions = {},
): AsyncGenerator<Section> {
  const limits = { ...defaultLimits, ...options.limits };
  const queue = new ByteQueue(chunks);
  try {
    const preamble = await queue.take(preambleBytes);
    const rest = await queue.take(headerEnd(preamble, limits) - preambleBytes);
    const head = new Uint8Array(preamble.length + rest.length);
    head.set(preamble);
    head.set(rest, preamble.length);
    const header = readHeader(head, options);
    let end = 0;
    for (const info of header.sections) {
      checkPadding(await queue.take(info.start - end), info.name);
      end = info.end;
      const bytes = await queue.take(info.end - info.start);
      if (bytes.length < info.end - info.start) {
        throw new PleatFormatError(
          'truncated',
          `decodeStream: section '${info.name}' has ${info.end - info.start} bytes, the stream ended after ${bytes.length} of them; fetch the file again`,
        );
      }
      yield decodeSection(info, bytes);
    }
    if (!(await queue.atEnd())) {
      throw new PleatFormatError(
        'trailing-bytes',
        `decodeStream: the header says the file has ${header.fileBytes} bytes, the stream goes on; remove what follows the file`,
      );
    }
  } finally {
    await queue.close();
  }
}
