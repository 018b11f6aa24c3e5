import { kernelBase64 } from '../generated/kernel.ts';

/** The compiled loop of assembly/kernel.ts; all arguments but counts are addresses. */
interface Kernel {
  readonly memory: WebAssembly.Memory;
  interpolate(
    values: number,
    inner: number,
    rows: number,
    firsts: number,
    factors: number,
    length: number,
    lastFirsts: number,
    lastFactors: number,
    sums: number,
    out: number,
  ): void;
}

const page = 65_536;
let kernel: Kernel | null | undefined;

/** The kernel, or null where the platform has no WebAssembly SIMD or forbids it (a content security policy). */
function kernelOrNull(): Kernel | null {
  if (kernel !== undefined) return kernel;
  try {
    const bytes = Uint8Array.from(atob(kernelBase64), (character) => character.charCodeAt(0));
    const module = new WebAssembly.Module(bytes);
    kernel = new WebAssembly.Instance(module).exports as unknown as Kernel;
  } catch {
    kernel = null;
  }
  return kernel;
}

/** Rows of a matrix that each read four columns in a row, as interpolation does; factors in float64, so that they add up. */
export interface Runs {
  /** The first column of each row. */
  firsts: Int32Array;
  /** [rows, 4]. */
  factors: Float64Array;
}

/** Interpolates pieces [cols, inner], one after the other, along their first axis and, where `last` says how, their second. */
export type Interpolator = (values: Float32Array, out: Float32Array) => void;

/**
 * The compiled interpolation of pieces of one shape.
 *
 * @returns null where there is no WebAssembly, or no memory for a piece
 */
export function compiledInterpolator(
  cols: number,
  inner: number,
  own: Runs,
  last: Runs | null,
): Interpolator | null {
  const found = kernelOrNull();
  if (found === null) return null;
  const rows = own.firsts.length;
  const length = last === null ? 0 : last.firsts.length;
  const made = rows * (last === null ? inner : length);
  let end = 0;
  const room = (bytes: number): number => {
    const start = end;
    end += Math.ceil(bytes / 16) * 16;
    return start;
  };
  const at = {
    values: room(4 * (cols * inner + 3)),
    firsts: room(4 * rows),
    factors: room(32 * rows),
    lastFirsts: room(4 * length),
    lastFactors: room(32 * length),
    sums: room(8 * (inner + 3)),
    out: room(4 * made),
  };
  try {
    const missing = Math.ceil(end / page) - found.memory.buffer.byteLength / page;
    if (missing > 0) found.memory.grow(missing);
  } catch {
    return null;
  }
  const { buffer } = found.memory;
  new Int32Array(buffer, at.firsts, rows).set(own.firsts);
  new Float64Array(buffer, at.factors, 4 * rows).set(own.factors);
  if (last !== null) {
    new Int32Array(buffer, at.lastFirsts, length).set(last.firsts);
    new Float64Array(buffer, at.lastFactors, 4 * length).set(last.factors);
  }
  const values = new Float32Array(buffer, at.values, cols * inner);
  const out = new Float32Array(buffer, at.out, made);
  return (from, to) => {
    values.set(from);
    const second = [at.lastFirsts, at.lastFactors] as const;
    found.interpolate(
      ...([at.values, inner, rows, at.firsts, at.factors, length] as const),
      ...second,
      at.sums,
      at.out,
    );
    to.set(out);
  };
}
