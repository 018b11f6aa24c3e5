import type { ChannelGroup } from '@pleat/channels';
import * as tf from '@tensorflow/tfjs';
import { toDense } from '../interpolation/basis.ts';
import { uniformPartition } from '../partition/fixed.ts';
import { deltasOf, sharedPositions, trainablePositions } from '../partition/trainable.ts';
import { quadrature } from '../quadrature/registry.ts';
import {
  type Matrices,
  type MatrixTensors,
  matricesAt,
  matrixTensorsAt,
  type Sampling,
} from './matrices.ts';

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
  #state: GroupState;
  #matrices: Matrices | null = null;
  #tensors: MatrixTensors | null = null;
  /** The deltas while they are learned, and the matrices made from them for one pass. */
  #deltas: tf.Variable | null = null;
  #live: MatrixTensors | null = null;

  constructor(channels: ChannelGroup, sampling: Sampling) {
    this.id = channels.id;
    this.count = channels.size;
    this.channels = channels;
    this.sampling = sampling;
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
        return Float64Array.from(
          tf.tidy(() => this.#positionsOf(tf.tensor1d(partition.deltas)).dataSync<'float32'>()),
        );
    }
  }

  /** The matrices that weights are multiplied by. */
  matrices(): Matrices {
    this.#matrices ??= matricesAt(this.positions(), this.count, this.#samplingHere());
    return this.#matrices;
  }

  /** The same as tensors, which belong to the group. */
  tensors(): MatrixTensors {
    if (this.#live !== null) return this.#live;
    if (this.#tensors === null) {
      const tensor = (use: keyof Matrices): tf.Tensor2D => {
        const matrix = this.matrices()[use];
        return tf.keep(tf.tensor2d(Float32Array.from(toDense(matrix)), [matrix.rows, matrix.cols]));
      };
      this.#tensors = {
        output: tensor('output'),
        input: tensor('input'),
        positive: tensor('positive'),
      };
    }
    return this.#tensors;
  }

  /** Makes the positions learnable; the variable belongs to the group until `settle`. Learned ones go on from their deltas. */
  learn(kind: 'trainable' | 'shared', knots: number): tf.Variable {
    const start = this.#startOf(kind, knots);
    this.set({ size: this.size, partition: { kind, deltas: [...start] } });
    this.#deltas = tf.variable(tf.tensor1d(start));
    return this.#deltas;
  }

  /** Lets one pass read matrices made from the deltas; called within the function that gradients are taken of. */
  begin(): void {
    if (this.#deltas === null) return;
    const positions = this.#positionsOf(this.#deltas as unknown as tf.Tensor1D);
    this.#live = matrixTensorsAt(positions, this.count, this.sampling);
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

  dispose(): void {
    this.#forget();
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
    if (this.#tensors !== null) tf.dispose(Object.values(this.#tensors));
    this.#deltas?.dispose();
    this.#tensors = null;
    this.#matrices = null;
    this.#deltas = null;
  }

  #positionsOf(deltas: tf.Tensor1D): tf.Tensor1D {
    const { size, partition } = this.#state;
    if (partition.kind === 'trainable') return trainablePositions(deltas);
    return sharedPositions(deltas, uniformPartition(size, this.sampling.interpolation.alignment));
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
