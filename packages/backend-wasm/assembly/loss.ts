// Softmax cross entropy and top-k selection.
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

/** An integer that orders |x|, NaN below all. */
// @ts-ignore: decorator
@inline
function rank(at: usize): u32 {
  const bits = load<u32>(at) & 0x7fffffff;
  return bits > 0x7f800000 ? 0 : bits + 1;
}

/** mask = 1 at the k largest |scores|, ties to the lower index: a radix selection, no sort. One unit. */
export function topKMask(
  scores: usize, size: i32, k: i32, mask: usize,
  begin: i32, end: i32, scratch: usize,
): void {
  let prefix: u32 = 0;
  let known: u32 = 0;
  let wanted = k;
  for (let shift = 21; shift >= -1; shift -= 11) {
    const places: u32 = shift >= 0 ? 0x7ff : 0x3ff;
    const by: u32 = shift >= 0 ? shift : 0;
    memory.fill(scratch, 0, 8192);
    for (let i = 0; i < size; i++) {
      const r = rank(scores + (i << 2));
      if ((r & known) != prefix) continue;
      const at = scratch + (((r >> by) & places) << 2);
      store<i32>(at, load<i32>(at) + 1);
    }
    let digit = places;
    while (digit > 0 && load<i32>(scratch + (digit << 2)) < wanted) {
      wanted -= load<i32>(scratch + (digit << 2));
      digit--;
    }
    prefix |= digit << by;
    known |= places << by;
  }
  for (let i = 0; i < size; i++) {
    const r = rank(scores + (i << 2));
    let keep = r > prefix;
    if (r == prefix && wanted > 0) {
      keep = true;
      wanted--;
    }
    store<f32>(mask + (i << 2), keep ? 1 : 0);
  }
}
