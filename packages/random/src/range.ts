/** A finite float32, or an error that says which option is wrong. */
export function finite(caller: string, option: string, value: number): number {
  const rounded = Math.fround(value);
  if (!Number.isFinite(rounded)) {
    throw new RangeError(`${caller} takes a finite float32 as ${option}; it got ${value}.`);
  }
  return rounded;
}

/** The largest float32 below a finite one. */
function below(value: number): number {
  if (value === 0) return -(2 ** -149);
  const float = Float32Array.of(value);
  const bits = new Int32Array(float.buffer);
  bits[0]! += value > 0 ? -1 : 1;
  return float[0]!;
}

/** What turns the upper 24 bits of a word into a float32 of [low, high): a factor, a summand and a cap. */
export function uniformTerms(
  from: number,
  to: number,
): { scale: number; low: number; highest: number } {
  const low = finite('fillUniform', 'low', from);
  const high = finite('fillUniform', 'high', to);
  if (!(low < high)) {
    throw new RangeError(`fillUniform takes low < high; it got ${low} and ${high}.`);
  }
  const range = finite('fillUniform', 'high - low', high - low);
  // A narrower one would lose bits to subnormal numbers.
  if (range < 2 ** -100) {
    throw new RangeError(`fillUniform takes a high - low of 2^-100 or more; it got ${range}.`);
  }
  // Adding low may round up to high, hence the cap.
  return { scale: range * 2 ** -24, low, highest: below(high) };
}
