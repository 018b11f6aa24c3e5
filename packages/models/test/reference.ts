// Plain float64 layers for one image, straight from the papers' definitions: slow, and sharing no line with the package.

/** An image of [height][width][channels], or tokens of [1][t][channels]. */
export interface Grid {
  height: number;
  width: number;
  channels: number;
  data: Float64Array;
}

/** A layer's weights in the order tfjs keeps them. */
export type Weights = readonly { shape: readonly number[]; values: ArrayLike<number> }[];

export function grid(height: number, width: number, channels: number): Grid {
  return { height, width, channels, data: new Float64Array(height * width * channels) };
}

function fill(out: Grid, value: (y: number, x: number, c: number) => number): Grid {
  const { height, width, channels, data } = out;
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      for (let c = 0; c < channels; c++) data[(y * width + x) * channels + c] = value(y, x, c);
    }
  }
  return out;
}

/** Zero outside of the grid. */
function at(g: Grid, y: number, x: number, c: number): number {
  if (y < 0 || x < 0 || y >= g.height || x >= g.width || c < 0 || c >= g.channels) return 0;
  return g.data[(y * g.width + x) * g.channels + c]!;
}

/** Convolution with `pad` zeros on every side; kernel [k, k, in, out], then perhaps a bias. */
export function conv(g: Grid, [kernel, bias]: Weights, stride: number, pad: number): Grid {
  const [k, , inputs, outputs] = kernel!.shape as [number, number, number, number];
  const size = (length: number) => Math.floor((length + 2 * pad - k) / stride) + 1;
  return fill(grid(size(g.height), size(g.width), outputs), (y, x, o) => {
    let sum = bias?.values[o] ?? 0;
    for (let i = 0; i < k; i++) {
      for (let j = 0; j < k; j++) {
        for (let c = 0; c < inputs; c++) {
          const weight = kernel!.values[((i * k + j) * inputs + c) * outputs + o]!;
          sum += weight * at(g, y * stride + i - pad, x * stride + j - pad, c);
        }
      }
    }
    return sum;
  });
}

/** Depthwise convolution with an odd kernel [k, k, c, 1], keeping the size. */
export function depthwise(g: Grid, [kernel, bias]: Weights): Grid {
  const k = kernel!.shape[0]!;
  const pad = (k - 1) / 2;
  return fill(grid(g.height, g.width, g.channels), (y, x, c) => {
    let sum = bias?.values[c] ?? 0;
    for (let i = 0; i < k; i++) {
      for (let j = 0; j < k; j++) {
        sum += kernel!.values[(i * k + j) * g.channels + c]! * at(g, y + i - pad, x + j - pad, c);
      }
    }
    return sum;
  });
}

/** Weights gamma, beta, running mean, running variance. */
export function batchNorm(g: Grid, [gamma, beta, mean, variance]: Weights): Grid {
  return fill(grid(g.height, g.width, g.channels), (y, x, c) => {
    const deviation = Math.sqrt(variance!.values[c]! + 1e-5);
    const normal = (at(g, y, x, c) - mean!.values[c]!) / deviation;
    return normal * gamma!.values[c]! + beta!.values[c]!;
  });
}

/** Over the channels of each token, epsilon 1e-6. */
export function layerNorm(g: Grid, [gamma, beta]: Weights): Grid {
  return fill(grid(g.height, g.width, g.channels), (y, x, c) => {
    const row = Array.from({ length: g.channels }, (_, i) => at(g, y, x, i));
    const mean = row.reduce((a, b) => a + b) / row.length;
    const variance = row.reduce((a, b) => a + (b - mean) ** 2, 0) / row.length;
    const normal = (row[c]! - mean) / Math.sqrt(variance + 1e-6);
    return normal * gamma!.values[c]! + beta!.values[c]!;
  });
}

/** Kernel [in, out], then a bias. */
export function dense(g: Grid, [kernel, bias]: Weights): Grid {
  const [inputs, outputs] = kernel!.shape as [number, number];
  return fill(grid(g.height, g.width, outputs), (y, x, o) => {
    let sum = bias!.values[o]!;
    for (let c = 0; c < inputs; c++) sum += at(g, y, x, c) * kernel!.values[c * outputs + o]!;
    return sum;
  });
}

/** Multi-head self-attention; weights query, key, value, output, each a kernel and a bias. */
export function attention(g: Grid, weights: Weights, heads: number): Grid {
  const [q, k, v] = [0, 2, 4].map((i) => dense(g, weights.slice(i, i + 2))) as [Grid, Grid, Grid];
  const size = g.channels / heads;
  const mixed = fill(grid(1, g.width, g.channels), (_, t, c) => {
    const first = Math.floor(c / size) * size;
    const scores = Array.from({ length: g.width }, (_unused, s) => {
      let dot = 0;
      for (let i = first; i < first + size; i++) dot += at(q, 0, t, i) * at(k, 0, s, i);
      return Math.exp(dot / Math.sqrt(size));
    });
    const total = scores.reduce((a, b) => a + b);
    return scores.reduce((sum, score, s) => sum + (score / total) * at(v, 0, s, c), 0);
  });
  return dense(mixed, weights.slice(6, 8));
}

/** x Phi(x), the error function by its Maclaurin series. */
export function gelu(g: Grid): Grid {
  return fill(grid(g.height, g.width, g.channels), (y, x, c) => {
    const value = at(g, y, x, c);
    const z = value / Math.SQRT2;
    let term = z;
    let sum = z;
    for (let n = 1; n < 200; n++) {
      term *= (-z * z) / n;
      sum += term / (2 * n + 1);
    }
    return 0.5 * value * (1 + (2 / Math.sqrt(Math.PI)) * sum);
  });
}

export function relu(g: Grid): Grid {
  return { ...g, data: g.data.map((value) => Math.max(0, value)) };
}

export function add(a: Grid, b: Grid): Grid {
  return { ...a, data: a.data.map((value, i) => value + b.data[i]!) };
}

/** Every second pixel, with as many zero channels before as after the old ones. */
export function shortcutA(g: Grid): Grid {
  const out = grid(Math.ceil(g.height / 2), Math.ceil(g.width / 2), 2 * g.channels);
  return fill(out, (y, x, c) => at(g, 2 * y, 2 * x, c - g.channels / 2));
}

/**
 * Maxima of k x k windows, two pixels apart; as few windows as reach every pixel, and where they reach further, half of what is
 * over (rounded down) lies before the first.
 */
export function maxPool(g: Grid, k: number): Grid {
  const out = grid(Math.ceil(g.height / 2), Math.ceil(g.width / 2), g.channels);
  const before = (size: number, windows: number) =>
    Math.floor(Math.max(0, 2 * (windows - 1) + k - size) / 2);
  const top = before(g.height, out.height);
  const left = before(g.width, out.width);
  return fill(out, (y, x, c) => {
    let largest = -Infinity;
    for (let i = Math.max(0, 2 * y - top); i < Math.min(g.height, 2 * y - top + k); i++) {
      for (let j = Math.max(0, 2 * x - left); j < Math.min(g.width, 2 * x - left + k); j++) {
        largest = Math.max(largest, at(g, i, j, c));
      }
    }
    return largest;
  });
}

/** The mean over all pixels. */
export function pool(g: Grid): Grid {
  return fill(grid(1, 1, g.channels), (_y, _x, c) => {
    let sum = 0;
    for (let i = c; i < g.data.length; i += g.channels) sum += g.data[i]!;
    return sum / (g.height * g.width);
  });
}
