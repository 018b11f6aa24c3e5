import type { ChannelGroup } from '@pleat/channels';
import * as tf from '@tensorflow/tfjs';
import { toDense } from '../interpolation/basis.ts';
import { uniformPartition } from '../partition/fixed.ts';
import { deltasOf } from '../partition/trainable.ts';
import { quadrature } from '../quadrature/registry.ts';
import {
  type LearnedMatrices,
  type LearnedPositions,
  learnedMatrices,
  sharedTrained,
  trainedPositions,
} from './learned.ts';
import { type Matrices, type MatrixUse, matricesAt, type Sampling, weighted } from './matrices.ts';
import type { MatrixPool } from './pool.ts';

/** Where a group is sampled. `trainable` has deltas for one size, `shared` one set of deltas for every size. */
export type GroupPartition =
  | { kind: 'uniform' }
  | { kind: 'gauss-legendre' }
  | { kind: 'fixed'; positions: number[] }
  | { kind: 'trainable'; deltas: number[] }
  | { kind: 'shared'; deltas: number[] };

/** What is stored of a group beside its coefficients. */
export interface GroupState {
  size: number;
  partition: GroupPartition;
}

/** Channels of an integral model that are sampled together: their coefficients' number, and where they are sampled now. */
export class IntegralGroup {
  readonly id: string;
  /** Coefficients along the channel axis. */
  readonly count: number;
  readonly channels: ChannelGroup;
  readonly sampling: Sampling;
  readonly pool: MatrixPool;
  #state: GroupState;
  /** Counts the moves: what was made before one is of no use after it. */
  #version = 0;
  #matrices: Matrices | null = null;
  /** The deltas while they are learned, and the matrices made from them for one pass. */
  #deltas: tf.Variable | null = null;
  #live: LearnedMatrices | null = null;

  constructor(channels: ChannelGroup, sampling: Sampling, pool: MatrixPool) {
    this.id = channels.id;
    this.count = channels.size;
    this.channels = channels;
    this.sampling = sampling;
    this.pool = pool;
    this.#state = { size: this.count, partition: { kind: 'uniform' } };
  }

  get state(): GroupState {
    return structuredClone(this.#state);
  }

  get size(): number {
    return this.#state.size;
  }

  /** Whether sampling gives the coefficients themselves. */
  get whole(): boolean {
    const { size, partition } = this.#state;
    return this.#live === null && size === this.count && partition.kind === 'uniform';
  }

  /** Whether other groups, and this one later, may have the same positions. */
  get lasting(): boolean {
    const { kind } = this.#state.partition;
    return kind === 'uniform' || kind === 'gauss-legendre';
  }

  /** What its matrices are made of. */
  get key(): string {
    const { size, partition } = this.#state;
    const at = this.lasting ? partition.kind : `${this.id}#${this.#version}`;
    return `${at}:${this.count}:${size}`;
  }

  /** Moves to other positions. */
  set(state: GroupState): void {
    this.#forget();
    this.#state = state;
  }

  /** The positions, ascending in [0, 1]. */
  positions(): Float64Array {
    const { size, partition } = this.#state;
    const { alignment } = this.sampling.interpolation;
    switch (partition.kind) {
      case 'uniform':
        return uniformPartition(size, alignment);
      case 'gauss-legendre':
        return quadrature('gauss-legendre').nodes(size);
      case 'fixed':
        return Float64Array.from(partition.positions);
      default:
        return this.#learned(partition.deltas).positions;
    }
  }

  /** The matrices that weights are multiplied by. */
  matrices(): Matrices {
    this.#matrices ??= matricesAt(this.positions(), this.count, this.#samplingHere());
    return this.#matrices;
  }

  /** One of them as a tensor of the pool, times a factor. */
  tensor(use: MatrixUse, factor = 1): tf.Tensor2D {
    const passing = this.lasting ? [] : [this.id];
    return this.pool.get(`${this.key}:${use}:${factor}`, passing, () => {
      const matrix = this.matrices()[use];
      const { rows, cols } = matrix;
      const values = Float32Array.from(
        toDense(factor === 1 ? matrix : weighted(matrix, new Float64Array(rows).fill(factor))),
      );
      return { shape: [rows, cols], values };
    });
  }

  /** The matrices of positions that are being learned, within a pass whose gradient is taken. */
  get live(): LearnedMatrices | null {
    return this.#live;
  }

  /** Makes the positions learnable; the variable belongs to the group until `settle`. Learned ones go on from their deltas. */
  learn(kind: 'trainable' | 'shared', knots: number): tf.Variable {
    const start = this.#startOf(kind, knots);
    this.set({ size: this.size, partition: { kind, deltas: [...start] } });
    this.#deltas = tf.variable(tf.tensor1d(start));
    return this.#deltas;
  }

  /**
   * Lets one pass read matrices made from the deltas; called within the function that gradients are taken of.
   * @param values The deltas' values, read beforehand.
   */
  begin(values: ArrayLike<number>): void {
    if (this.#deltas === null) return;
    // What is not learned (variances' matrices) is made of the same positions.
    const { size, partition } = this.#state;
    this.#moved();
    const kind = partition.kind === 'shared' ? 'shared' : 'trainable';
    this.#state = { size, partition: { kind, deltas: Array.from(values) } };
    const deltas = this.#deltas as unknown as tf.Tensor1D;
    this.#live = learnedMatrices(deltas, this.#learned(values), this.count, this.sampling);
  }

  end(): void {
    this.#live = null;
  }

  /** Ends learning: the deltas become part of the state. */
  settle(): void {
    if (this.#deltas === null) return;
    const deltas = [...this.#deltas.dataSync()];
    const { size, partition } = this.#state;
    const kind = partition.kind === 'shared' ? 'shared' : 'trainable';
    this.set({ size, partition: { kind, deltas } });
  }

  #startOf(kind: 'trainable' | 'shared', knots: number): Float32Array {
    const { size, partition } = this.#state;
    const count = kind === 'trainable' ? size + 1 : knots;
    if (partition.kind === kind && partition.deltas.length === count) {
      return Float32Array.from(partition.deltas);
    }
    const shares =
      kind === 'trainable'
        ? deltasOf(this.positions())
        : new Float32Array(knots).fill(Math.sqrt(1 / knots));
    // Only ratios of deltas count; around 1, a learning rate means the same for any number of them.
    return shares.map((share) => share * Math.sqrt(shares.length));
  }

  #forget(): void {
    this.#moved();
    this.#deltas?.dispose();
    this.#deltas = null;
  }

  #moved(): void {
    if (!this.lasting) this.pool.leave(this.id);
    this.#version++;
    this.#matrices = null;
  }

  #learned(deltas: ArrayLike<number>): LearnedPositions {
    const { size, partition } = this.#state;
    if (partition.kind === 'trainable') return trainedPositions(deltas);
    return sharedTrained(deltas, uniformPartition(size, this.sampling.interpolation.alignment));
  }

  /** Positions that are learned weigh by cells, as they did while they were learned; Gauss' nodes have weights of their own. */
  #samplingHere(): Sampling {
    const { kind } = this.#state.partition;
    if (kind === 'gauss-legendre') {
      return { ...this.sampling, quadrature: 'gauss-legendre', filter: 'point' };
    }
    const learned = kind === 'trainable' || kind === 'shared';
    return learned ? { ...this.sampling, quadrature: 'midpoint', filter: 'point' } : this.sampling;
  }
}
