import { readFileSync } from 'node:fs';
import koffi, { type LibraryHandle } from 'koffi';

/** glibc's own account of its heap (`mallinfo2`), by the names of its fields; null where another libc keeps none. */
export function heapAccount(libc: LibraryHandle): (() => Record<string, number | bigint>) | null {
  const fields = ['arena', 'ordblks', 'smblks', 'hblks', 'hblkhd', 'usmblks', 'fsmblks'];
  try {
    const names = [...fields, 'uordblks', 'fordblks', 'keepcost'];
    const account = koffi.struct(Object.fromEntries(names.map((name) => [name, 'size_t'])));
    return libc.func('mallinfo2', account, []) as () => Record<string, number | bigint>;
  } catch {
    return null;
  }
}

/** Bytes the heap has taken from the system, its arenas and what it has mapped; 0 where nobody knows. */
export function heapSize(libc: LibraryHandle): () => number {
  const account = heapAccount(libc);
  return () => {
    const { arena = 0, hblkhd = 0 } = account?.() ?? {};
    return Number(arena) + Number(hblkhd);
  };
}

/** Gives free pages inside the heap back to the system. */
export function heapTrim(libc: LibraryHandle): () => void {
  try {
    const trim = libc.func('malloc_trim', 'int', ['size_t']);
    return () => trim(0);
  } catch {
    return () => undefined;
  }
}

/** What mallopt sets. */
const options = { fastChunks: 1, trimThreshold: -1, mapAtMost: -4 };
/** The reserve of small chunks: so many of every size up to a kilobyte, in steps of what the heap is divided by. */
const chunks = 512;
const step = 16;
const smallest = 24;
const largest = 1032;
/** The reserve of larger ones: sizes a fourth apart, of each a quarter of a megabyte in at most so many. */
const longest = 65536;
const ofEach = 262144;
const most = 64;
let isArranged = false;

/**
 * Arranges glibc's heap for tensors, which come and go by the hundred with every step, with the same sizes.
 *
 * glibc cuts the pieces around an aligned tensor off and hands them to whoever wants that few bytes. As long as such an object lives, or
 * waits in a cache for the next one, the place of the tensor before it does not fit a tensor of the same size again (glibc bug 30723),
 * and the heap of a training grows to several times what its tensors take. Objects of some
 * kilobytes between two tensors do the same. All up to 64 KB therefore get a reserve of their own, and what is cut off is joined to its
 * neighbours at once. The chunks above a kilobyte are 4 MB, of which 1.7 are written.
 *
 * Once for each thread, which has chunks of its own; nothing happens where there is another libc.
 */
export function arrangeHeap(libc: LibraryHandle): void {
  if (isArranged) return;
  isArranged = true;
  try {
    const set = libc.func('mallopt', 'int', ['int', 'int']);
    // Freed memory is kept: the next step wants it.
    set(options.trimThreshold, -1);
    set(options.mapAtMost, 0);
    set(options.fastChunks, 0);
    reserveChunks(libc);
  } catch {
    return;
  }
  preferHugePages(libc);
}

/** Sizes of the reserve and how many chunks of each. */
function* reserved(): Generator<[size: number, count: number]> {
  for (let size = smallest; size <= largest; size += step) {
    yield [size, size <= largest / 2 ? chunks : chunks / 4];
  }
  for (let size = 1.25 * largest; size <= longest; size *= 1.25) {
    yield [Math.ceil(size), Math.min(most, Math.floor(ofEach / size))];
  }
}

function reserveChunks(libc: LibraryHandle): void {
  const allocate = libc.func('malloc', 'uint64', ['size_t']);
  const free = libc.func('free', 'void', ['uint64']);
  const reserve: (number | bigint)[] = [];
  for (const [size, count] of reserved()) {
    for (let i = 0; i < count; i++) {
      reserve.push(allocate(size));
      // Stays, so that chunks are not joined when they are free.
      allocate(smallest);
    }
  }
  for (const chunk of reserve) free(chunk);
}

/**
 * Has libtorch ask for huge pages for tensors of 2 MB and more, where the system gives them to who asks: they are written faster, and
 * given back in a sixth of the time. Who has set that variable has decided.
 */
function preferHugePages(libc: LibraryHandle): void {
  try {
    const given = readFileSync('/sys/kernel/mm/transparent_hugepage/enabled', 'utf8');
    if (given.includes('[never]')) return;
    // Not by process.env, which is a copy in worker threads.
    libc.func('setenv', 'int', ['str', 'str', 'int'])('THP_MEM_ALLOC_ENABLE', '1', 0);
  } catch {
    // Without such pages everything works.
  }
}
