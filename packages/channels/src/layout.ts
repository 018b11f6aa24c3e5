import type { Atoms } from './atoms.ts';

/** Sizes of a tensor's axes, the batch first; null where unknown. */
export type Shape = readonly (number | null)[];

/**
 * Which atom lies where in a tensor, over the lattice of some of its axes (row-major, axes ascending); along all other
 * axes it is the same. Positions with one atom and different places hold different functions of that channel (other
 * pixels, other branches); equal places at different channels hold the same function of them.
 */
export interface Column {
  axes: readonly number[];
  atoms: Int32Array;
  places: Int32Array;
  /** Atoms of other axes that lie at the same positions and go along: the other terms of sums. */
  twins: readonly Int32Array[];
}

/** A tensor as the graph sees it. Columns divide it independently of one another: into channels, and into tokens, say. */
export interface Layout {
  shape: Shape;
  columns: readonly Column[];
}

/** The size of an axis that a column runs along, which is always known. */
export function sizeOf(shape: Shape, axis: number): number {
  return shape[axis] ?? 1;
}

/** Row-major offsets over a lattice of these sizes when a step along axis i moves by strides[i]. */
export function offsets(sizes: readonly number[], strides: readonly number[]): Int32Array {
  let out = Int32Array.of(0);
  sizes.forEach((size, i) => {
    const stride = strides[i] as number;
    const next = new Int32Array(out.length * size);
    for (let a = 0; a < out.length; a++) {
      for (let b = 0; b < size; b++) next[a * size + b] = (out[a] as number) + b * stride;
    }
    out = next;
  });
  return out;
}

/** Row-major strides of a lattice. */
export function stridesOf(sizes: readonly number[]): number[] {
  const strides = sizes.map(() => 1);
  for (let i = sizes.length - 2; i >= 0; i--) {
    strides[i] = (strides[i + 1] as number) * (sizes[i + 1] as number);
  }
  return strides;
}

/** A column of atoms along one axis, each in the same place. */
export function plainColumn(axis: number, atoms: Int32Array): Column {
  return { axes: [axis], atoms, places: new Int32Array(atoms.length), twins: [] };
}

/** Picks lattice elements by offset. */
export function pick(column: Column, axes: readonly number[], at: Int32Array): Column {
  const take = (row: Int32Array) => at.map((offset) => row[offset] as number);
  return {
    axes,
    atoms: take(column.atoms),
    places: take(column.places),
    twins: column.twins.map(take),
  };
}

/** The same column over more axes; places then also tell the new coordinates. `own` is the shape the column comes from. */
export function expand(column: Column, own: Shape, axes: readonly number[], shape: Shape): Column {
  const sizes = axes.map((axis) => sizeOf(shape, axis));
  const ownSizes = column.axes.map((axis) => sizeOf(own, axis));
  const ownStrides = stridesOf(ownSizes);
  const strides = axes.map((axis) => {
    const i = column.axes.indexOf(axis);
    return i < 0 || ownSizes[i] === 1 ? 0 : (ownStrides[i] as number);
  });
  const extra = sizes.map((size, i) => (column.axes.includes(axes[i] as number) ? 1 : size));
  const extraStrides = stridesOf(extra).map((stride, i) => (extra[i] === 1 ? 0 : stride));
  const contexts = extra.reduce((product, size) => product * size, 1);
  const wide = pick(column, axes, offsets(sizes, strides));
  const context = offsets(sizes, extraStrides);
  return {
    ...wide,
    places: wide.places.map((place, i) => place * contexts + (context[i] as number)),
  };
}

/** Gives the smallest numbers to distinct keys, in order of appearance. */
export function numbering(): (key: string | number) => number {
  const known = new Map<string | number, number>();
  return (key) => {
    let number = known.get(key);
    if (number === undefined) {
      number = known.size;
      known.set(key, number);
    }
    return number;
  };
}

/** All rows of atoms of a column. */
export function rowsOf({ atoms, twins }: Column): readonly Int32Array[] {
  return [atoms, ...twins];
}

function sameRow(a: Int32Array, b: Int32Array): boolean {
  return a.every((atom, i) => atom === b[i]);
}

/** Whether two rows of places tell the same positions apart. */
function sameDivision(a: ArrayLike<number>, b: ArrayLike<number>): boolean {
  const there = new Map<number, number>();
  const back = new Map<number, number>();
  for (let i = 0; i < a.length; i++) {
    const x = a[i] as number;
    const y = b[i] as number;
    if ((there.get(x) ?? y) !== y || (back.get(y) ?? x) !== x) return false;
    there.set(x, y);
    back.set(y, x);
  }
  return true;
}

/** Drops the axes along which a column only repeats itself, as long as one is left. */
export function simplify(column: Column, shape: Shape): Column {
  let current = column;
  for (const axis of column.axes) {
    if (current.axes.length === 1) break;
    const sizes = current.axes.map((a) => sizeOf(shape, a));
    const strides = stridesOf(sizes);
    const i = current.axes.indexOf(axis);
    const rest = current.axes.filter((a) => a !== axis);
    const base = offsets(
      sizes.filter((_, j) => j !== i),
      strides.filter((_, j) => j !== i),
    );
    const first = pick(current, rest, base);
    let repeats = true;
    for (let step = 1; step < (sizes[i] as number) && repeats; step++) {
      const shift = step * (strides[i] as number);
      const other = pick(
        current,
        rest,
        base.map((offset) => offset + shift),
      );
      repeats =
        rowsOf(other).every((row, r) => sameRow(row, rowsOf(first)[r] as Int32Array)) &&
        sameDivision(first.places, other.places);
    }
    if (repeats) current = first;
  }
  return current;
}

/** Brings a column to one of its axes: what lies along the others at one position becomes one channel. */
export function bundle(column: Column, shape: Shape, axis: number, atoms: Atoms): Column {
  if (column.axes.length === 1) return column;
  const sizes = column.axes.map((a) => sizeOf(shape, a));
  const strides = stridesOf(sizes);
  const i = column.axes.indexOf(axis);
  const rest = column.axes.map((_, j) => j).filter((j) => j !== i);
  const within = offsets(
    rest.map((j) => sizes[j] as number),
    rest.map((j) => strides[j] as number),
  );
  const parts = new Map<string, number>();
  const place = numbering();
  const channels = Array.from({ length: sizes[i] as number }, (_, p) => {
    const at = within.map((offset) => offset + p * (strides[i] as number));
    const first = column.atoms[at[0] as number] as number;
    at.forEach((offset, context) => {
      atoms.join(first, column.atoms[offset] as number);
      rowsOf(column).forEach((row, r) => {
        const atom = row[offset] as number;
        const part = `${r} ${context} ${column.places[offset]}`;
        const known = parts.get(part);
        if (known === undefined) parts.set(part, atom);
        else atoms.align(known, atom);
      });
    });
    return { first, place: place(at.map((offset) => column.places[offset] as number).join()) };
  });
  return {
    axes: [axis],
    atoms: Int32Array.from(channels, ({ first }) => first),
    places: Int32Array.from(channels, (channel) => channel.place),
    twins: [],
  };
}

/** Joins what lies at equal positions of two columns over the same lattice, and tells the places of both apart. */
export function joinColumns(a: Column, b: Column, atoms: Atoms): Column {
  const place = numbering();
  a.atoms.forEach((atom, i) => {
    atoms.join(atom, b.atoms[i] as number);
  });
  const places = a.places.map((own, i) => place(`${own} ${b.places[i]}`));
  const twins = rowsOf(b).filter((row) => !rowsOf(a).some((own) => sameRow(own, row)));
  return { axes: a.axes, atoms: a.atoms, places, twins: [...a.twins, ...twins] };
}

/** Aligns the atoms of a column along one axis that lie in the same place, each row for itself. */
export function alignByPlace(column: Column, rows: readonly Int32Array[], atoms: Atoms): void {
  for (const row of rows) {
    const parts = new Map<number, number>();
    row.forEach((atom, i) => {
      const place = column.places[i] as number;
      const part = parts.get(place);
      if (part === undefined) parts.set(place, atom);
      else atoms.align(part, atom);
    });
  }
}

/** Sets pieces of columns along one axis side by side; pieces with fewer rows repeat their first. */
export function joinPieces(axis: number, pieces: readonly Column[]): Column {
  const rows = Math.max(...pieces.map((piece) => piece.twins.length));
  const join = (row: (piece: Column) => ArrayLike<number>) =>
    Int32Array.from(pieces.flatMap((piece) => Array.from(row(piece))));
  return {
    axes: [axis],
    atoms: join(({ atoms }) => atoms),
    places: join(({ places }) => places),
    twins: Array.from({ length: rows }, (_, r) => join((piece) => piece.twins[r] ?? piece.atoms)),
  };
}
