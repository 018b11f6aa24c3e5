export { AtomicWriteError, writeFileAtomic } from './node/write-file-atomic.ts';
