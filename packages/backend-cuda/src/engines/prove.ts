import * as tf from '@tensorflow/tfjs';

/** tfjs' engine keeps the selected backend in these two; there is no public way to select none. */
interface Selection {
  backendName: string | undefined;
  backendInstance: tf.KernelBackend | undefined;
}

/**
 * Multiplies two matrices of small whole numbers on a backend and compares with the exact product.
 *
 * The backend that is selected, or that none is, stays as it was.
 *
 * @throws Error when the product is wrong
 */
export async function proveProduct(backend: string): Promise<void> {
  const engine = tf.engine() as unknown as Selection;
  const { backendName, backendInstance } = engine;
  try {
    if (!(await tf.setBackend(backend))) throw new Error(`the backend ${backend} does not start`);
    const size = 64;
    const numbers = (step: number) =>
      Float32Array.from({ length: size * size }, (_, i) => ((i * step) % 7) - 3);
    const [left, right] = [numbers(3), numbers(5)];
    const product = tf.tidy(() =>
      tf.matMul(tf.tensor2d(left, [size, size]), tf.tensor2d(right, [size, size])),
    );
    const values = await product.data();
    product.dispose();
    // Sums of 64 products of at most 9 are exact in any arithmetic that deserves the name, TF32 and bfloat16 too.
    for (let row = 0; row < size; row++) {
      for (let column = 0; column < size; column++) {
        let sum = 0;
        for (let k = 0; k < size; k++) sum += left[row * size + k]! * right[k * size + column]!;
        const found = values[row * size + column];
        if (found !== sum) {
          throw new Error(
            `a product of matrices gives ${found} where ${sum} is right; do not trust this GPU, its driver or library`,
          );
        }
      }
    }
  } finally {
    engine.backendName = backendName;
    engine.backendInstance = backendInstance;
  }
}
