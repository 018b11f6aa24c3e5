import { TopKMemory, topKMask } from '@pleat/ops';
import * as tf from '@tensorflow/tfjs';
import type { MaskedKernel } from './kernel.ts';

/** The masked kernels of one model, for what spans several of them: global selection, and kernels folded into one. */
export class MaskGroup {
  readonly size: number;
  readonly #members: (MaskedKernel | undefined)[];
  #masks = new Map<number, tf.Tensor>();
  #state: unknown[] = [];
  readonly #memory = new TopKMemory();

  constructor(size: number) {
    this.size = size;
    this.#members = new Array(size).fill(undefined);
  }

  join(kernel: MaskedKernel): void {
    this.#members[kernel.masking.index] = kernel;
  }

  /** The kernel of that index. */
  member(index: number): MaskedKernel {
    const member = this.#members[index];
    if (member !== undefined) return member;
    throw new Error(
      `Masked kernel ${index} of ${this.size} is missing; the layers of a model that selects globally or folds kernels ` +
        'only work together, as maskModel or loadLayersModel made them.',
    );
  }

  /** Frees the masks held for all members; safe to call once per member. */
  dispose(): void {
    tf.dispose([...this.#masks.values()]);
    this.#masks.clear();
    this.#state = [];
  }

  /**
   * The member's part of the mask of the top `keep` share of |score| over all members; folded kernels count once.
   *
   * Computed once for all members and reused until a score changes: an optimizer's update gives a variable a new dataId,
   * so equal ids mean equal scores.
   */
  topK(index: number, keep: number): tf.Tensor {
    const members = this.#members
      .map((_, i) => this.member(i))
      .filter(({ masking }) => masking.owner === undefined);
    const state = [keep, ...members.map(({ scores }) => (scores.read() as tf.Variable).dataId)];
    if (state.some((part, i) => part !== this.#state[i])) {
      this.dispose();
      tf.tidy(() => {
        const scores = members.map((member) => member.placedScores());
        const all = tf.concat(scores.map((part) => part.reshape([-1])));
        const mask = topKMask(all, Math.max(1, Math.round(keep * all.size)), {
          memory: this.#memory,
        });
        const parts = tf.split(
          mask as tf.Tensor1D,
          scores.map((part) => part.size),
        );
        members.forEach(({ masking }, i) => {
          const part = parts[i] as tf.Tensor;
          this.#masks.set(masking.index, tf.keep(part.reshape(masking.fill.shape)));
        });
      });
      this.#state = state;
    }
    return this.#masks.get(index) as tf.Tensor;
  }
}

const forming = new Map<string, { group: MaskGroup; taken: Set<number> }>();

/**
 * Finds the group a new layer belongs to.
 *
 * A model is always built in one go (maskModel, loadLayersModel), so the layers of one group are constructed one after
 * the other: a group is complete when every index came once, and an index that comes again begins another model.
 */
export function joinForming(id: string, size: number, indices: readonly number[]): MaskGroup {
  const key = `${size} ${id}`;
  let entry = forming.get(key);
  if (entry === undefined || indices.some((index) => entry?.taken.has(index))) {
    entry = { group: new MaskGroup(size), taken: new Set() };
    forming.set(key, entry);
  }
  for (const index of indices) entry.taken.add(index);
  if (entry.taken.size === size) forming.delete(key);
  return entry.group;
}
