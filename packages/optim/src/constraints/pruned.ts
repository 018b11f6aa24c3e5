import { decaysByDefault } from '../decay.ts';
import type { Constraint } from './constraint.ts';

/**
 * Keeps at zero every weight of a kernel that is zero before the first update: fine-tuning after pruning.
 *
 * @returns The constraint; what it remembers is the mask of what is kept.
 * @see Han et al. 2015, "Learning both weights and connections for efficient neural networks", section 3.
 * @example
 * ```js
 * const optimizer = constrain(adamw({ learningRate: 0.001 }), pruned());
 * ```
 */
export function pruned(): Constraint {
  return {
    slot: 'mask',
    applies: decaysByDefault,
    start: (variable) => variable.notEqual(0).cast('float32'),
    update: ({ value, gradient, slot }, inner) => {
      const next = inner(value, gradient.mul(slot));
      return { value: next.value.mul(slot), slots: next.slots, slot: slot.clone() };
    },
  };
}
