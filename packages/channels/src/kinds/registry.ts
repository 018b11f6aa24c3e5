import { attentionKinds } from './attention.ts';
import type { LayerKind } from './kind.ts';
import { linearKinds } from './linear.ts';
import { pointwiseKinds } from './pointwise.ts';
import { poolKinds } from './pool.ts';
import { recurrentKinds } from './recurrent.ts';
import { shapeKinds } from './shape.ts';

const kinds = new Map<string, LayerKind>(
  Object.entries({
    ...linearKinds,
    ...pointwiseKinds,
    ...poolKinds,
    ...shapeKinds,
    ...attentionKinds,
    ...recurrentKinds,
  }),
);

/** The rule for a class of layers, or undefined when there is none. */
export function kindOf(className: string): LayerKind | undefined {
  return kinds.get(className);
}

/**
 * Teaches the graph a class of layers of your own.
 *
 * @param className The layer's static `className`.
 * @param kind How channels pass through it; see `LayerKind`.
 * @throws Error When there is a rule for that class already.
 * @example
 * registerLayerKind('Swish2', { follow: (step) => step.output(step.input.columns) }); // value by value
 */
export function registerLayerKind(className: string, kind: LayerKind): void {
  if (kinds.has(className)) {
    throw new Error(
      `registerLayerKind: '${className}' has a rule already; give your class another name.`,
    );
  }
  kinds.set(className, kind);
}

/** The classes of layers that have a rule. */
export function layerKinds(): string[] {
  return [...kinds.keys(), 'TimeDistributed'].sort();
}
