import { type DenseTree, portableDenseTree } from './dense-tree.ts';
import { createKernel } from './kernel.ts';
import { checkDistances, type SquareMatrix } from './matrix.ts';
import { type Neighbours, nearest } from './neighbours.ts';

/** A matrix and what looks at all of it. */
export interface Space {
  readonly matrix: SquareMatrix;
  /** For each city the `count` nearest by `d[i, j] + penalty[j]`. */
  nearest(count: number, penalty?: Float64Array): Neighbours;
  readonly spanningTree: DenseTree;
  /** @throws RangeError when the matrix holds anything but distances */
  check(): void;
}

function copyInto(to: Float32Array | Float64Array, { n, data }: SquareMatrix, m: number): void {
  if (m === n) to.set(data);
  else for (let i = 0; i < n; i++) to.set(data.subarray(i * n, (i + 1) * n), i * m);
}

/**
 * The space `solve` works in. For open paths it has one more city, last, at distance 0 of all: a tour
 * through it is an open path.
 */
export function createSpace(matrix: SquareMatrix, closed: boolean): Space {
  const m = closed ? matrix.n : matrix.n + 1;
  if (matrix.data instanceof Float32Array) {
    const compiled = compiledSpace(matrix, m);
    if (compiled) return compiled;
  }
  return portableSpace(matrix, m);
}

/** The space in plain JavaScript. */
export function portableSpace(matrix: SquareMatrix, m: number): Space {
  let cities = matrix;
  if (m !== matrix.n) {
    const data =
      matrix.data instanceof Float64Array ? new Float64Array(m * m) : new Float32Array(m * m);
    cities = { n: m, data };
    copyInto(data, matrix, m);
  }
  return {
    matrix: cities,
    nearest: (count, penalty) => nearest(cities, count, penalty),
    spanningTree: portableDenseTree(cities),
    check: () => checkDistances(matrix),
  };
}

// Up to this many neighbours can be asked for.
const mostNeighbours = 16;

/** The space in WebAssembly memory, or null where there is none. */
export function compiledSpace(matrix: SquareMatrix, m: number): Space | null {
  // Kernels read four numbers at a time, up to three past the end.
  const padded = (m + 7) & ~3;
  let bytes = 0;
  const room = (size: number): number => {
    const at = bytes;
    bytes += (size + 15) & ~15;
    return at;
  };
  const data = room(4 * (m * m + 4));
  const [pi, open, key, cost] = [
    room(8 * padded),
    room(8 * padded),
    room(8 * padded),
    room(8 * padded),
  ];
  const [parent, costs, list] = [
    room(4 * padded),
    room(8 * mostNeighbours),
    room(4 * m * mostNeighbours),
  ];
  const kernel = createKernel(bytes);
  if (!kernel) return null;
  const { buffer } = kernel.memory;
  const cities = { n: m, data: new Float32Array(buffer, data, m * m) };
  copyInto(cities.data, matrix, m);
  const doubles = (at: number): Float64Array => new Float64Array(buffer, at, padded);
  return {
    matrix: cities,
    nearest(count, penalty) {
      const k = Math.min(count, m - 1);
      const penalties = doubles(open).fill(0, 0, m).fill(Infinity, m);
      if (penalty) penalties.set(penalty);
      kernel.nearest(data, m, open, k, list, costs);
      return { count: k, list: new Int32Array(buffer, list, m * k).slice() };
    },
    check() {
      // Which entry is wrong, the slower search tells.
      if (!kernel.isValid(data, m)) checkDistances(matrix);
    },
    spanningTree(penalties) {
      doubles(pi).set(penalties);
      const reachable = doubles(open).fill(Infinity);
      reachable.set(penalties.subarray(0, m - 1));
      reachable[0] = Infinity;
      doubles(key).fill(Infinity);
      kernel.spanningTree(data, m, pi, open, key, parent, cost);
      return {
        parent: new Int32Array(buffer, parent, m - 1).slice(),
        key: new Float64Array(buffer, cost, m - 1).slice(),
      };
    },
  };
}
