/** Adam, AdamW and SGD in float64, line by line as the algorithms in PyTorch's documentation. */

/** Updates the parameters in place. */
export type Formula = (theta: Float64Array, gradient: Float64Array, rate: number) => void;

/** torch.optim.AdamW. */
export function pytorchAdamW({
  beta1 = 0.9,
  beta2 = 0.999,
  epsilon = 1e-8,
  weightDecay = 1e-2,
}: {
  beta1?: number;
  beta2?: number;
  epsilon?: number;
  weightDecay?: number;
}): Formula {
  const m = new Float64Array(64);
  const v = new Float64Array(64);
  let t = 0;
  return (theta, gradient, rate) => {
    t++;
    gradient.forEach((g, i) => {
      theta[i] = theta[i]! - rate * weightDecay * theta[i]!;
      m[i] = beta1 * m[i]! + (1 - beta1) * g;
      v[i] = beta2 * v[i]! + (1 - beta2) * g ** 2;
      const mHat = m[i]! / (1 - beta1 ** t);
      const vHat = v[i]! / (1 - beta2 ** t);
      theta[i] = theta[i]! - (rate * mHat) / (Math.sqrt(vHat) + epsilon);
    });
  };
}

/** torch.optim.Adam. */
export function pytorchAdam({
  weightDecay = 0,
  ...rest
}: Parameters<typeof pytorchAdamW>[0]): Formula {
  const plain = pytorchAdamW({ ...rest, weightDecay: 0 });
  return (theta, gradient, rate) =>
    plain(
      theta,
      gradient.map((g, i) => g + weightDecay * theta[i]!),
      rate,
    );
}

/** torch.optim.SGD. */
export function pytorchSgd({
  momentum = 0,
  nesterov = false,
  weightDecay = 0,
}: {
  momentum?: number;
  nesterov?: boolean;
  weightDecay?: number;
}): Formula {
  const b = new Float64Array(64);
  let t = 0;
  return (theta, gradient, rate) => {
    t++;
    gradient.forEach((given, i) => {
      let g = given;
      if (weightDecay !== 0) g += weightDecay * theta[i]!;
      if (momentum !== 0) {
        b[i] = t > 1 ? momentum * b[i]! + g : g;
        g = nesterov ? g + momentum * b[i]! : b[i]!;
      }
      theta[i] = theta[i]! - rate * g;
    });
  };
}
