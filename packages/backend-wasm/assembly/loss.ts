// Softmax cross entropy.
import { exp1, log1 } from './math';

/** loss [n] and its gradient [n, c]; a label outside 0..c-1 has no true class. Units: rows. */
export function softmaxCrossEntropy(
  logits: usize, labels: usize, c: i32, smoothing: f32, loss: usize, gradient: usize,
  begin: i32, end: i32, scratch: usize,
): void {
  const base = smoothing / <f32>c;
  for (let r = begin; r < end; r++) {
    const from = logits + (<usize>r * c << 2);
    const to = gradient + (<usize>r * c << 2);
    const label = load<i32>(labels + (r << 2));
    const valid = label >= 0 && label < c;
    let top = load<f32>(from);
    for (let j = 1; j < c; j++) top = max(top, load<f32>(from + (j << 2)));
    let sum: f32 = 0, shifted: f32 = 0;
    for (let j = 0; j < c; j++) {
      const d = load<f32>(from + (j << 2)) - top;
      const e = exp1(d);
      store<f32>(to + (j << 2), e);
      sum += e;
      shifted += d;
    }
    const mass = valid ? <f32>1 : smoothing;
    const factor = mass / sum;
    for (let j = 0; j < c; j++) store<f32>(to + (j << 2), load<f32>(to + (j << 2)) * factor - base);
    let value = mass * log1(sum) - base * shifted;
    if (valid) {
      const at = to + (label << 2);
      store<f32>(at, load<f32>(at) - (1 - smoothing));
      value -= (1 - smoothing) * (load<f32>(from + (label << 2)) - top);
    }
    store<f32>(loss + (r << 2), value);
  }
}
