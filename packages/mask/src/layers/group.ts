import { topKMask } from '@pleat/ops';
import * as tf from '@tensorflow/tfjs';

interface Member {
  scores: tf.Variable;
}

/** The masked kernels of one model, for selections that span all of them. */
export class MaskGroup {
  readonly size: number;
  readonly #members: (Member | undefined)[];
  #masks: tf.Tensor[] = [];
  #state: unknown[] = [];

  constructor(size: number) {
    this.size = size;
    this.#members = new Array(size).fill(undefined);
  }

  join(index: number, scores: tf.Variable): void {
    this.#members[index] = { scores };
  }

  /** Frees the masks held for all members; safe to call once per member. */
  dispose(): void {
    tf.dispose(this.#masks);
    this.#masks = [];
    this.#state = [];
  }

  /**
   * The member's part of the mask of the top `keep` share of |score| over all members.
   *
   * Computed once for all members and reused until a score changes: an optimizer's update gives a variable a new dataId,
   * so equal ids mean equal scores.
   */
  topK(index: number, keep: number): tf.Tensor {
    const members = this.#members.map((member, i) => {
      if (member === undefined) {
        throw new Error(
          `Global top-k: masked kernel ${i} of ${this.size} is missing; the layers of a model that selects globally ` +
            'only work together, as maskModel or loadLayersModel made them.',
        );
      }
      return member.scores;
    });
    const state = [keep, ...members.map((scores) => scores.dataId)];
    if (state.some((part, i) => part !== this.#state[i])) {
      this.dispose();
      this.#masks = tf.tidy(() => {
        const all = tf.concat(members.map((scores) => scores.reshape([-1])));
        const mask = topKMask(all, Math.max(1, Math.round(keep * all.size)));
        const parts = tf.split(
          mask as tf.Tensor1D,
          members.map((scores) => scores.size),
        );
        return parts.map((part, i) => tf.keep(part.reshape(members[i]?.shape as number[])));
      });
      this.#state = state;
    }
    return this.#masks[index] as tf.Tensor;
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
