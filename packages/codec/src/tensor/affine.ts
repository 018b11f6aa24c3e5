import { PleatFormatError } from '../errors.ts';

/** The float32 step from low to high in 255 steps, whose last must not leave float32 by rounding. */
function stepOf(low: number, high: number): number {
  let step = Math.fround(high / 255 - low / 255);
  while (!Number.isFinite(Math.fround(low + 255 * step))) {
    step = Math.fround(step * (1 - 2 ** -23));
  }
  return step;
}

/** 8-bit codes with value = low + scale * code, one (low, scale) for each of `channels` columns. */
export function encodeAffine(values: Float32Array, channels: number): Uint8Array {
  const bytes = new Uint8Array(8 * channels + values.length);
  const view = new DataView(bytes.buffer);
  const low = new Float32Array(channels).fill(Number.POSITIVE_INFINITY);
  const high = new Float32Array(channels).fill(Number.NEGATIVE_INFINITY);
  for (let i = 0; i < values.length; i++) {
    const value = values[i]!;
    const channel = i % channels;
    if (!Number.isFinite(value)) {
      throw new RangeError(
        `encodeTensor: 8-bit coding needs finite values, found ${value} at ${i}; use float32`,
      );
    }
    if (value < low[channel]!) low[channel] = value;
    if (value > high[channel]!) high[channel] = value;
  }
  const scale = new Float32Array(channels);
  for (let channel = 0; channel < channels; channel++) {
    if (values.length === 0) low[channel] = 0;
    else scale[channel] = stepOf(low[channel]!, high[channel]!);
    view.setFloat32(8 * channel, low[channel]!, true);
    view.setFloat32(8 * channel + 4, scale[channel]!, true);
  }
  for (let i = 0; i < values.length; i++) {
    const channel = i % channels;
    const step = scale[channel]!;
    const code = step > 0 ? Math.round((values[i]! - low[channel]!) / step) : 0;
    bytes[8 * channels + i] = Math.max(0, Math.min(255, code));
  }
  return bytes;
}

/** The values of 8-bit codes. */
export function decodeAffine(bytes: Uint8Array, size: number, channels: number): Float32Array {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const low = new Float32Array(channels);
  const scale = new Float32Array(channels);
  for (let channel = 0; channel < channels; channel++) {
    low[channel] = view.getFloat32(8 * channel, true);
    scale[channel] = view.getFloat32(8 * channel + 4, true);
    const highest = Math.fround(low[channel]! + 255 * scale[channel]!);
    if (!Number.isFinite(low[channel]!) || !Number.isFinite(highest) || scale[channel]! < 0) {
      throw new PleatFormatError(
        'section-data',
        `decodeTensor: channel ${channel} has low ${low[channel]} and scale ${scale[channel]}, expected finite values and no negative scale`,
      );
    }
  }
  const values = new Float32Array(size);
  for (let i = 0; i < size; i++) {
    const channel = i % channels;
    values[i] = low[channel]! + scale[channel]! * bytes[8 * channels + i]!;
  }
  return values;
}
