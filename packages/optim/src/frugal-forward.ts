import * as tf from '@tensorflow/tfjs';

/** Kernels whose gradients ask saved tensors for nothing but their shapes, which they keep when their data are freed. */
const shapesOnly = new Set([
  ...['Add', 'AddN', 'Concat', 'ExpandDims', 'Mean', 'PadV2', 'Reshape', 'Slice', 'Sub', 'Sum'],
]);

interface SavingNode {
  kernelName: string;
  saved: tf.Tensor[];
}

/** Has a tape that ops are noted on free what their gradients do not read. */
export function keepShapesOnly(tape: SavingNode[]): void {
  tape.push = (...nodes) => {
    for (const { kernelName, saved } of nodes) if (shapesOnly.has(kernelName)) tf.dispose(saved);
    return Array.prototype.push.apply(tape, nodes);
  };
}

/** What all models of layers have in common; tfjs does not export it. */
interface Container {
  call(inputs: tf.Tensor | tf.Tensor[], kwargs?: Record<string, unknown>): tf.Tensor | tf.Tensor[];
}
const container = Object.getPrototypeOf(tf.LayersModel.prototype) as Container;

/**
 * Arguments of a call whose `training` is false when it is read for the first time, by the executor of tfjs, which frees a layer's
 * output after the last layer that reads it when not training; layers read it after that, and train.
 */
function freeing(kwargs: Record<string, unknown>): Record<string, unknown> {
  let isRead = false;
  return Object.defineProperty({ ...kwargs }, 'training', {
    enumerable: true,
    get() {
      const seen = isRead;
      isRead = true;
      return seen;
    },
  });
}

/**
 * Runs f; models within it free the outputs of their layers once no layer needs them, also when training: the tape holds
 * clones of what gradients need.
 */
export function freeingOutputs<T>(f: () => T): T {
  const { call } = container;
  container.call = function (inputs, kwargs) {
    return call.call(this, inputs, kwargs?.training ? freeing(kwargs) : kwargs);
  };
  try {
    return f();
  } finally {
    container.call = call;
  }
}
