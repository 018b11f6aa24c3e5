import * as tf from '@tensorflow/tfjs';
import { freeingOutputs, keepShapesOnly } from './frugal-forward.ts';

/** What tfjs' engine notes of an op whose gradient may be wanted. */
interface TapeNode {
  kernelName: string;
  inputs: Record<string, tf.Tensor>;
  outputs: tf.Tensor[];
  saved: tf.Tensor[];
  gradient?: (dys: (tf.Tensor | null)[]) => Record<string, () => tf.Tensor>;
}

/** The part of tfjs' engine that is not public; it is as below in the tested version. */
interface TapeEngine {
  startTape(): void;
  endTape(): void;
  state: {
    gradientDepth: number;
    activeTape: TapeNode[] | null;
    activeScope: { id: number } | null;
  };
}

/** What `frugalGrads` and `tf.variableGrads` give. */
export interface VariableGrads {
  value: tf.Scalar;
  grads: tf.NamedTensorMap;
}

const tested = '4.22.0';

/** The gradients met so far, by the tensor they belong to; what nobody holds any more is freed at once. */
class Gradients {
  readonly #of = new Map<number, tf.Tensor>();
  readonly #holders = new Map<tf.Tensor, number>();

  get(id: number): tf.Tensor | null {
    return this.#of.get(id) ?? null;
  }

  /** Adds gradients to what is there; several may be the same tensor. */
  add(given: readonly (readonly [id: number, gradient: tf.Tensor])[]): void {
    for (const [, gradient] of given) this.#hold(gradient);
    for (const [id, gradient] of given) {
      const before = this.#of.get(id);
      const sum = before ? tf.add(before, gradient) : gradient;
      this.#hold(sum);
      this.release(id);
      this.#of.set(id, sum);
      this.#letGo(gradient);
    }
  }

  release(id: number): void {
    const gradient = this.#of.get(id);
    if (gradient === undefined) return;
    this.#of.delete(id);
    this.#letGo(gradient);
  }

  #hold(gradient: tf.Tensor): void {
    this.#holders.set(gradient, (this.#holders.get(gradient) ?? 0) + 1);
  }

  #letGo(gradient: tf.Tensor): void {
    const holders = this.#holders.get(gradient)! - 1;
    if (holders > 0) {
      this.#holders.set(gradient, holders);
      return;
    }
    this.#holders.delete(gradient);
    gradient.dispose();
  }
}

/** The ids of all tensors that depend on the variables, and the nodes between the variables and y. */
function between(tape: TapeNode[], variables: tf.Variable[], y: tf.Tensor) {
  const dependent = new Set(variables.map(({ id }) => id));
  const forward = tape.filter(({ inputs, outputs }) => {
    const depends = Object.values(inputs).some(({ id }) => dependent.has(id));
    if (depends) for (const { id } of outputs) dependent.add(id);
    return depends;
  });
  const leading = new Set([y.id]);
  const nodes = new Set<TapeNode>();
  for (const node of forward.reverse()) {
    if (!node.outputs.some(({ id }) => leading.has(id))) continue;
    nodes.add(node);
    for (const { id } of Object.values(node.inputs)) leading.add(id);
  }
  return { dependent, nodes };
}

/** The gradients of one node's inputs, each owned by the running scope. */
function through(node: TapeNode, names: string[], dys: (tf.Tensor | null)[], scope: number) {
  const { kernelName, gradient, inputs } = node;
  if (!gradient) throw new Error(`frugalGrads: tfjs knows no gradient of ${kernelName}.`);
  const made = tf.tidy(() => {
    const closures = gradient(dys);
    return names.map((name) => {
      const closure = closures[name];
      if (!closure) throw new Error(`frugalGrads: ${kernelName} has no gradient for ${name}.`);
      return tf.tidy(closure);
    });
  });
  return made.map((dx, i) => {
    const x = inputs[names[i]!]!;
    if (dx.dtype !== 'float32' || !tf.util.arraysEqual(dx.shape, x.shape)) {
      throw new Error(
        `frugalGrads: expected float32 of [${x.shape}] as the gradient of ${kernelName} for ${names[i]}, got ${dx.dtype} of [${dx.shape}].`,
      );
    }
    // A gradient may be a tensor of somebody else: one saved, or one that a custom gradient brought along.
    const owned = !dx.kept && (dx as unknown as { scopeId: number }).scopeId === scope;
    return owned ? dx : dx.clone();
  });
}

/** Walks the tape backwards; saved tensors and gradients are freed as soon as no node before wants them. */
function walk(tape: TapeNode[], variables: tf.Variable[], y: tf.Scalar, scope: number): Gradients {
  const { dependent, nodes } = between(tape, variables, y);
  for (const node of tape) if (!nodes.has(node)) tf.dispose(node.saved);
  const gradients = new Gradients();
  gradients.add([[y.id, tf.onesLike(y)]]);
  for (let i = tape.length - 1; i >= 0; i--) {
    const node = tape[i]!;
    if (!nodes.has(node)) continue;
    const dys = node.outputs.map(({ id }) => gradients.get(id));
    const names = Object.keys(node.inputs).filter((name) => dependent.has(node.inputs[name]!.id));
    const made = through(node, names, dys, scope);
    tf.dispose(node.saved);
    gradients.add(made.map((dx, k) => [node.inputs[names[k]!]!.id, dx]));
    for (const { id } of node.outputs) gradients.release(id);
  }
  return gradients;
}

/** Frees what tfjs has noted. */
function forget(engine: TapeEngine): void {
  for (const { saved } of engine.state.activeTape ?? []) tf.dispose(saved);
  engine.state.activeTape = null;
}

/** Runs f; tfjs notes its ops. */
function record(engine: TapeEngine, f: () => tf.Scalar): tf.Scalar {
  engine.startTape();
  try {
    keepShapesOnly(engine.state.activeTape!);
    return freeingOutputs(() => tf.tidy(f));
  } catch (error) {
    forget(engine);
    throw error;
  } finally {
    engine.endTape();
  }
}

/** The gradients of the variables, null for those that y does not depend on. */
function backward(
  engine: TapeEngine,
  tape: TapeNode[],
  variables: tf.Variable[],
  y: tf.Scalar,
): (tf.Tensor | null)[] {
  if (!(y instanceof tf.Tensor) || y.rank !== 0) {
    const found = (y as unknown) instanceof tf.Tensor ? `a tensor of [${y.shape}]` : typeof y;
    throw new Error(`frugalGrads: expected a scalar from f, got ${found}; return the mean loss.`);
  }
  const found = tf.tidy(() => {
    const gradients = walk(tape, variables, y, engine.state.activeScope!.id);
    // A tidy looks for tensors among nulls too, which its type does not say.
    return variables.map(({ id }) => gradients.get(id)) as tf.Tensor[];
  }) as (tf.Tensor | null)[];
  if (found.some((gradient) => gradient !== null)) return found;
  throw new Error(
    'frugalGrads: expected f to use at least one of the variables, found none; use them inside f.',
  );
}

/**
 * Gradients of variables as `tf.variableGrads` gives them, bit for bit, in less memory.
 *
 * tfjs keeps all outputs of layers until the forward pass is done, and every saved tensor and every gradient until the backward
 * pass is; here each is freed as soon as nothing wants it any more. This reads the engine's tape, which is not public: with
 * another tfjs than 4.22.0, and inside another gradient, tfjs' own function runs.
 *
 * @param f - Computes a scalar, the loss.
 * @param variables - Those to differentiate by; default all trainable ones.
 * @returns `value`, the loss, and `grads` by variable name, null for variables given that are not trainable.
 * @throws Error when no variable is trainable, f gives no scalar, or f depends on none of the variables.
 * @example
 * ```js
 * const x = tf.variable(tf.scalar(3), true, 'x');
 * const { grads } = frugalGrads(() => x.square(), [x]);
 * grads.x.print(); // 6
 * ```
 */
export function frugalGrads(f: () => tf.Scalar, variables?: tf.Variable[]): VariableGrads {
  const engine = tf.engine() as unknown as TapeEngine;
  if (tf.version_core !== tested || engine.state.gradientDepth > 0) {
    return tf.variableGrads(f, variables);
  }
  const given = variables ?? Object.values(tf.engine().registeredVariables);
  const trained = given.filter(({ trainable }) => trainable);
  if (trained.length === 0) {
    throw new Error(
      `frugalGrads: expected at least one trainable variable, got ${given.length} that are not; pass the variables to train.`,
    );
  }
  const y = record(engine, f);
  const tape = engine.state.activeTape ?? [];
  try {
    const found = backward(engine, tape, trained, y);
    const grads: Record<string, tf.Tensor | null> = {};
    trained.forEach(({ name }, i) => {
      if (found[i]) grads[name] = found[i];
    });
    if (variables) for (const one of given) if (!one.trainable) grads[one.name] = null;
    return { value: y, grads: grads as tf.NamedTensorMap };
  } catch (error) {
    tf.dispose(y);
    throw error;
  } finally {
    forget(engine);
  }
}
