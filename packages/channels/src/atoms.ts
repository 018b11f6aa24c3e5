import type { SlotRole } from './types.ts';
import { UnionFind } from './union-find.ts';

/** The weight axis whose positions are atoms. */
export interface AxisSource {
  /** Path of the layer. */
  layer: string;
  /** The weight's name in its layer, and its index in `layer.weights`. */
  weight: string;
  index: number;
  axis: number;
  role: SlotRole;
}

/** A row of atoms, one a position of an axis. */
export interface AtomAxis {
  /** What a group is called whose first named axis this is; null where it names none, as padding does. */
  label: string | null;
  /** Null where no weight lies behind: network inputs, padding. */
  source: AxisSource | null;
  /** Axes of one weight axis that differ in column divide it in different ways: into heads and into dims of a head. */
  column: number;
  first: number;
  size: number;
}

/**
 * Keeps account of atoms: positions of weight axes (and of network inputs and paddings).
 *
 * Two relations hold between atoms. *Joined* atoms belong to one channel and go where it goes. *Aligned* atoms play the
 * same part in channels that may change places, so that an exchange of two channels is the exchange of aligned atoms.
 */
export class Atoms {
  readonly axes: AtomAxis[] = [];
  readonly #axisOf: number[] = [];
  readonly #channels = new UnionFind();
  readonly #parts = new UnionFind();
  readonly #ranges = new Map<string, Int32Array>();
  readonly #fixed = new Map<number, string>();
  readonly #across = new Map<number, Set<string>>();
  readonly #ties: number[][] = [];
  readonly #pairs: (readonly (readonly number[])[])[] = [];

  /** The atoms of an axis, made when first asked for. */
  range(
    name: string,
    size: number,
    source: AxisSource | null,
    column: number = 0,
    label: string | null = name,
  ): Int32Array {
    const known = this.#ranges.get(name);
    if (known !== undefined) return known;
    const atoms = Int32Array.from({ length: size }, () => {
      this.#axisOf.push(this.axes.length);
      this.#parts.add();
      return this.#channels.add();
    });
    this.axes.push({ label, source, column, first: atoms[0] ?? 0, size });
    this.#ranges.set(name, atoms);
    return atoms;
  }

  get count(): number {
    return this.#axisOf.length;
  }

  axisOf(atom: number): number {
    return this.#axisOf[atom] as number;
  }

  /** The atom that stands for the channel this one belongs to. */
  channel(atom: number): number {
    return this.#channels.find(atom);
  }

  /** The atom that stands for the part this one plays. */
  part(atom: number): number {
    return this.#parts.find(atom);
  }

  join(a: number, b: number): void {
    this.#channels.union(a, b);
  }

  align(a: number, b: number): void {
    this.#parts.union(a, b);
  }

  /** Says that an atom, and so its channel, must stay where it is. */
  fix(atom: number, reason: string): void {
    if (!this.#fixed.has(atom)) this.#fixed.set(atom, reason);
  }

  /** Notes that a layer computes over all channels together (a norm over channels, a softmax). */
  across(atom: number, layer: string): void {
    const layers = this.#across.get(atom) ?? new Set();
    this.#across.set(atom, layers.add(layer));
  }

  /** Says that the groups of these atoms must keep equal sizes. */
  tie(atoms: readonly number[]): void {
    this.#ties.push([...atoms]);
  }

  /** Says the same of two sides where each is one group; groups that make up a side together are not tied. */
  tiePair(a: readonly number[], b: readonly number[]): void {
    this.#pairs.push([a, b]);
  }

  get ties(): readonly (readonly number[])[] {
    return this.#ties;
  }

  get pairs(): readonly (readonly (readonly number[])[])[] {
    return this.#pairs;
  }

  /** Reasons by channel. */
  fixedChannels(): Map<number, string> {
    const found = new Map<number, string>();
    for (const [atom, reason] of this.#fixed) {
      const channel = this.channel(atom);
      if (!found.has(channel)) found.set(channel, reason);
    }
    return found;
  }

  /** The layers that compute across channels, by channel. */
  acrossChannels(): Map<number, Set<string>> {
    const found = new Map<number, Set<string>>();
    for (const [atom, layers] of this.#across) {
      const channel = this.channel(atom);
      const known = found.get(channel) ?? new Set<string>();
      for (const layer of layers) known.add(layer);
      found.set(channel, known);
    }
    return found;
  }
}
