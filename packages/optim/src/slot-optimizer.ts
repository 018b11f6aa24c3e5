import * as tf from '@tensorflow/tfjs';
import type { OptimizerState, SlotState } from './state.ts';

type Gradients = Parameters<tf.Optimizer['applyGradients']>[0];
type NamedTensors = Awaited<ReturnType<tf.Optimizer['getWeights']>>;

interface Entry {
  name: string;
  step: number;
  /** Absent while the entry comes from a saved state and its variable has not been met yet. */
  variable?: tf.Variable;
  tensors: tf.Tensor[];
  /** Values restored but not on the device yet. */
  restored: Float32Array[];
}

/** What an update gives: the variable's new value and the slots' new tensors. */
export interface Update {
  value: tf.Tensor;
  slots: tf.Tensor[];
}

/**
 * An optimiser that keeps some tensors for every variable, and saves and restores them exactly.
 *
 * Slots belong to variables by identity while it runs, and by the order in which the variables are first
 * met when restored: tfjs makes names unique by suffixes that differ between processes.
 */
export abstract class SlotOptimizer extends tf.Optimizer {
  /** May be set between any two steps. */
  learningRate: number;
  /** The names of the slots of one variable. */
  protected abstract readonly slotNames: readonly string[];
  private entries: Entry[] = [];
  private readonly known = new Map<tf.Variable, Entry>();

  constructor(learningRate: number) {
    super();
    this.learningRate = learningRate;
  }

  /** Computes one variable's update; `step` counts from 1. Runs inside a tidy. */
  protected abstract update(
    name: string,
    variable: tf.Variable,
    gradient: tf.Tensor,
    slots: readonly tf.Tensor[],
    step: number,
  ): Update;

  /**
   * Updates the variables by their gradients.
   *
   * @param variableGradients - By variable name, or a list of named gradients; null ones are skipped.
   * @throws Error when no variable has such a name, or a restored slot has another size.
   */
  override applyGradients(variableGradients: Gradients): void {
    const list = Array.isArray(variableGradients)
      ? variableGradients
      : Object.entries(variableGradients).map(([name, tensor]) => ({ name, tensor }));
    for (const { name, tensor } of list) {
      const variable = tf.engine().registeredVariables[name];
      if (variable === undefined) {
        throw new Error(
          `${this.getClassName()}.applyGradients: expected a variable named '${name}', found none; was it disposed?`,
        );
      }
      const entry = this.entryOf(name, variable);
      if (tensor != null) this.advance(entry, variable, tensor);
    }
    this.incrementIterations();
  }

  private advance(entry: Entry, variable: tf.Variable, gradient: tf.Tensor): void {
    if (entry.tensors.length === 0) this.fill(entry, variable);
    entry.step++;
    const old = entry.tensors;
    entry.tensors = tf.tidy(() => {
      const next = this.update(entry.name, variable, gradient, old, entry.step);
      variable.assign(next.value);
      return next.slots.map((tensor) => tf.keep(tensor));
    });
    tf.dispose(old);
  }

  private fill(entry: Entry, variable: tf.Variable): void {
    entry.tensors = this.slotNames.map((_, i) => {
      const values = entry.restored[i];
      return tf.keep(values ? tf.tensor(values, variable.shape) : tf.zerosLike(variable));
    });
    entry.restored = [];
  }

  private entryOf(name: string, variable: tf.Variable): Entry {
    const known = this.known.get(variable);
    if (known) return known;
    this.forgetDisposed();
    let entry = this.entries.find((entry) => entry.variable === undefined);
    if (entry === undefined) {
      entry = { name, step: 0, tensors: [], restored: [] };
      this.entries.push(entry);
    }
    for (const values of entry.restored) {
      if (values.length !== variable.size) {
        throw new Error(
          `${this.getClassName()}: expected variable '${name}' of ${values.length} values, as its restored slot '${entry.name}', got ${variable.size}; restore into the model the state was saved with.`,
        );
      }
    }
    entry.name = name;
    entry.variable = variable;
    this.known.set(variable, entry);
    return entry;
  }

  private forgetDisposed(): void {
    this.entries = this.entries.filter(({ variable, tensors }) => {
      if (!variable?.isDisposed) return true;
      tf.dispose(tensors);
      this.known.delete(variable);
      return false;
    });
  }

  /**
   * Copies out all the optimiser remembers.
   *
   * @returns Step count and slots, in the order in which the variables were first met.
   */
  getState(): OptimizerState {
    return {
      step: this.iterations,
      slots: this.entries.map(({ name, step, tensors, restored }) => ({
        name,
        step,
        values: tensors.length > 0 ? tensors.map(read) : restored.map((values) => values.slice()),
      })),
    };
  }

  /**
   * Forgets everything and goes on from a saved state, bit for bit.
   *
   * The first variable met after this takes the first slot, and so on: train the same model's variables.
   *
   * @param state - What `getState` of an optimiser of this class gave.
   * @throws Error when a slot has another number of arrays than this optimiser keeps.
   */
  setState(state: OptimizerState): void {
    const wanted = this.slotNames.length;
    for (const { name, values } of state.slots) {
      if (values.length !== wanted && values.length !== 0) {
        throw new Error(
          `${this.getClassName()}.setState: expected ${wanted} arrays for '${name}' (${this.slotNames.join(', ')}), got ${values.length}; restore a state of the same optimiser.`,
        );
      }
    }
    this.release();
    this.iterations_ = state.step;
    this.entries = state.slots.map(({ name, step, values }) => ({
      name,
      step,
      tensors: [],
      restored: values.map((array) => Float32Array.from(array)),
    }));
  }

  /** The state as tensors, in the form tfjs saves with a model: iter, steps, then the slots. */
  override async getWeights(): Promise<NamedTensors> {
    const { slots } = this.getState();
    const steps = tf.tensor1d(
      slots.map(({ step }) => step),
      'int32',
    );
    const tensors = slots.flatMap(({ name, values }) =>
      this.slotNames.map((slot, i) => ({
        name: `${name}/${slot}`,
        tensor: tf.tensor1d(values[i] ?? new Float32Array(0)),
      })),
    );
    return [await this.saveIterations(), { name: 'steps', tensor: steps }, ...tensors];
  }

  /** Restores what `getWeights` gave; the tensors stay the caller's. */
  override async setWeights(weightValues: NamedTensors): Promise<void> {
    const [iterations, steps, ...rest] = await Promise.all(
      weightValues.map(async ({ name, tensor }) => ({ name, values: await tensor.data() })),
    );
    const width = this.slotNames.length;
    const slots: SlotState[] = Array.from(steps?.values ?? [], (step, i) => {
      const own = rest.slice(i * width, (i + 1) * width);
      return {
        name: own[0]?.name.replace(/\/[^/]*$/, '') ?? '',
        step,
        values: own.map(({ values }) => Float32Array.from(values)).filter(({ length }) => length),
      };
    });
    this.setState({ step: iterations?.values[0] ?? 0, slots });
  }

  /** Frees all slots. */
  override dispose(): void {
    this.release();
  }

  private release(): void {
    for (const { tensors } of this.entries) tf.dispose(tensors);
    this.entries = [];
    this.known.clear();
  }
}

function read(tensor: tf.Tensor): Float32Array {
  return Float32Array.from(tensor.dataSync<'float32'>());
}
