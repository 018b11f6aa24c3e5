/** What an optimiser remembers of one variable. */
export interface SlotState {
  /** The variable's name when saved: to read, not to match by; tfjs' names differ between processes. */
  name: string;
  /** How many times the variable was updated. */
  step: number;
  /** One array a slot (AdamW: m, v; SGD: velocity), empty before the first update. */
  values: Float32Array[];
}

/** All an optimiser needs to go on exactly where it was. */
export interface OptimizerState {
  /** How many times gradients were applied. */
  step: number;
  /** In the order in which the variables were first met. */
  slots: SlotState[];
}
