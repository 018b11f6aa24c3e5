import type { Engine } from './engine.ts';
import { normalFromWord } from './normal.ts';
import { philoxBlock } from './philox.ts';

const f = Math.fround;

/** The engine in plain JavaScript: the definition of every bit, and what runs where WebAssembly SIMD does not. */
export function createPortableEngine(capacity: number): Engine {
  const words = new Uint32Array(capacity);
  const floats = new Float32Array(words.buffer);
  return {
    words,
    floats,
    draw([k0, k1], block, blocks) {
      for (let i = 0; i < blocks; i++) {
        const index = block + i;
        philoxBlock(index | 0, Math.floor(index / 2 ** 32), 0, 0, k0, k1, 10, words, i * 4);
      }
    },
    uniform(count, scale, low, highest) {
      for (let i = 0; i < count; i++) {
        const value = f(f((words[i]! >>> 8) * scale) + low);
        floats[i] = Math.min(value, highest);
      }
    },
    normal(count, std, mean) {
      for (let i = 0; i < count; i++) floats[i] = f(f(normalFromWord(words[i]!) * std) + mean);
    },
    sign(count, magnitude) {
      // Backwards, because word i makes room for the floats from 32 i on.
      for (let i = count - 1; i >= 0; i--) {
        const word = words[i]!;
        for (let bit = 0; bit < 32; bit++) {
          floats[i * 32 + bit] = (word >>> bit) & 1 ? -magnitude : magnitude;
        }
      }
    },
  };
}
