import * as tf from '@tensorflow/tfjs';

/** What of tfjs-node's backend is repaired. */
interface NodeBackend extends tf.KernelBackend {
  move(
    id: tf.DataId,
    values: tf.backend_util.BackendValues,
    shape: number[],
    dtype: tf.DataType,
    references: number,
  ): void;
}

const repaired = new WeakSet<object>();

/**
 * Copies what is uploaded: tfjs-node keeps the caller's array itself, and a tensor would change with it.
 *
 * Done to the class, for tfjs makes a new backend whenever its engine is reset.
 */
function copyUploads(backend: tf.KernelBackend): void {
  const prototype = Object.getPrototypeOf(backend) as NodeBackend;
  if (repaired.has(prototype)) return;
  repaired.add(prototype);
  const { move } = prototype;
  prototype.move = function (this: NodeBackend, id, values, shape, dtype, references) {
    const own = ArrayBuffer.isView(values) ? (values as Float32Array).slice() : values;
    move.call(this, id, own, shape, dtype, references);
  };
}

/** Whole numbers are round already; since TensorFlow 2.17 its kernel makes zeros of them. */
function repairRound(): void {
  const stock = tf.getKernel('Round', 'tensorflow');
  if (!stock || repaired.has(stock)) return;
  const kernel: tf.KernelConfig = {
    kernelName: 'Round',
    backendName: 'tensorflow',
    kernelFunc: (call) => {
      const { x } = call.inputs as unknown as { x: tf.TensorInfo };
      if (x.dtype !== 'int32') return stock.kernelFunc(call);
      (call.backend as tf.KernelBackend).incRef(x.dataId);
      return { dataId: x.dataId, shape: x.shape, dtype: x.dtype };
    },
  };
  repaired.add(kernel);
  tf.unregisterKernel('Round', 'tensorflow');
  tf.registerKernel(kernel);
}

/** Mends what tfjs-node 4.22 gets wrong. */
export function repair(backend: tf.KernelBackend): void {
  copyUploads(backend);
  repairRound();
}
