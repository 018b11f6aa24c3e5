import * as tf from '@tensorflow/tfjs';
import { type DecayFilter, decayRule } from './decay.ts';
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

/** A variable that has a gradient to apply. */
interface Due {
  entry: Entry;
  variable: tf.Variable;
  gradient: tf.Tensor;
}

/** What an update of one variable works on. */
export interface Turn {
  /** The variable's name where gradients first named it. */
  name: string;
  variable: tf.Variable;
  gradient: tf.Tensor;
  slots: readonly tf.Tensor[];
  /** How many times the variable has been updated, this time included. */
  step: number;
}

/** What an update gives: the variable's new value and the slots' new tensors. */
export interface Update {
  value: tf.Tensor;
  slots: tf.Tensor[];
}

/** What every optimiser here has beside its learning rate. */
export interface SlotOptions {
  weightDecay: number;
  filter: DecayFilter;
}

/**
 * An optimiser that keeps some tensors for every variable, and saves and restores them exactly.
 *
 * Slots belong to variables by identity while it runs, and by the order in which the variables are first
 * met when restored: tfjs makes names unique by suffixes that differ between processes.
 */
export abstract class SlotOptimizer<
  Options extends SlotOptions = SlotOptions,
> extends tf.Optimizer {
  /** May be set between any two steps. */
  learningRate: number;
  /** All other options, complete. */
  protected readonly options: Options;
  /** The names of the slots of one variable. */
  protected abstract readonly slotNames: readonly string[];
  private readonly decays: (name: string, variable: tf.Variable) => boolean;
  private entries: Entry[] = [];
  private readonly known = new Map<tf.Variable, Entry>();

  constructor(learningRate: number, options: Options) {
    super();
    this.learningRate = learningRate;
    this.options = options;
    this.decays = decayRule(options.filter);
  }

  /** The weight decay of one variable: 0 where the filter leaves it out. */
  protected decayOf({ name, variable }: Turn): number {
    return this.decays(name, variable) ? this.options.weightDecay : 0;
  }

  /** Computes one variable's update. Runs inside a tidy. */
  protected abstract update(turn: Turn): Update;

  /**
   * Computes all updates in one call of the backend, where it has one; null leaves them to `update`.
   * Runs inside a tidy; may write over values and slots that nothing else shares.
   */
  protected updateAll(_turns: readonly Turn[]): Update[] | null {
    return null;
  }

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
    const due: Due[] = [];
    for (const { name, tensor } of list) {
      const variable = tf.engine().registeredVariables[name];
      if (variable === undefined) {
        throw new Error(
          `${this.getClassName()}.applyGradients: expected a variable named '${name}', found none; was it disposed?`,
        );
      }
      const entry = this.entryOf(name, variable);
      if (tensor != null) due.push({ entry, variable, gradient: tensor });
    }
    // A variable that is named twice is updated twice, one after the other.
    const distinct = new Set(due.map(({ entry }) => entry)).size === due.length;
    const together =
      distinct && due.length > 0 && this.advance(due, (turns) => this.updateAll(turns));
    if (!together) {
      for (const one of due) this.advance([one], ([turn]) => [this.update(turn!)]);
    }
    this.incrementIterations();
  }

  /** Runs updates and takes over what they give; false when `update` gives none. */
  private advance(due: readonly Due[], update: (turns: Turn[]) => Update[] | null): boolean {
    const turns = due.map(({ entry, variable, gradient }) => {
      if (entry.tensors.length === 0) this.fill(entry, variable);
      const { name, tensors, step } = entry;
      return { name, variable, gradient, slots: tensors, step: step + 1 };
    });
    const made = tf.tidy(() =>
      update(turns)?.map(({ value, slots }, i) => {
        turns[i]!.variable.assign(value);
        return slots.map((tensor) => tf.keep(tensor));
      }),
    ) as tf.Tensor[][] | undefined;
    made?.forEach((tensors, i) => {
      const { entry } = due[i]!;
      tf.dispose(entry.tensors);
      entry.tensors = tensors;
      entry.step = turns[i]!.step;
    });
    return made !== undefined;
  }

  /** What a slot of a variable holds before the first update: zeros. */
  protected slotStart(_slot: number, variable: tf.Variable): tf.Tensor {
    return tf.zerosLike(variable);
  }

  private fill(entry: Entry, variable: tf.Variable): void {
    entry.tensors = this.slotNames.map((_, i) => {
      const values = entry.restored[i];
      return tf.keep(values ? tf.tensor(values, variable.shape) : this.slotStart(i, variable));
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

  /** What the constructor takes, as plain values. */
  override getConfig(): tf.serialization.ConfigDict {
    const { filter, ...rest } = this.options;
    if (typeof filter === 'function') {
      throw new Error(
        `${this.getClassName()}: expected filter 'kernels' or 'all' to save the optimiser with a model, got a function; save with includeOptimizer: false.`,
      );
    }
    return { learningRate: this.learningRate, ...rest, filter };
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
