import { within } from '../options.ts';
import { adjustBrightness, adjustContrast, adjustHue, adjustSaturation } from './color.ts';
import type { ImageShape, PixelStep } from './step.ts';

/** Options of the step `color-jitter`; an amount of 0 (default) leaves that quality alone. */
export interface ColorJitter {
  name: 'color-jitter';
  /** Factor drawn from max(0, 1 - brightness)..1 + brightness. */
  brightness?: number;
  /** Factor drawn from max(0, 1 - contrast)..1 + contrast. */
  contrast?: number;
  /** Factor drawn from max(0, 1 - saturation)..1 + saturation; grey images stay as they are. */
  saturation?: number;
  /** Turns of the colour circle, drawn from -hue..hue, at most 0.5; grey images stay as they are. */
  hue?: number;
}

/** Brightness, contrast, saturation and hue, in an order drawn for each image (torchvision's ColorJitter). */
export function colorJitter(
  { brightness = 0, contrast = 0, saturation = 0, hue = 0 }: ColorJitter,
  shape: ImageShape,
): PixelStep {
  for (const [name, value] of Object.entries({ brightness, contrast, saturation })) {
    within(`color-jitter: ${name}`, value, 0, Number.POSITIVE_INFINITY);
  }
  within('color-jitter: hue', hue, 0, 0.5);
  const colored = shape[2] === 3;
  const factor = (amount: number): [number, number] => [Math.max(0, 1 - amount), 1 + amount];
  const changes = [
    { range: factor(brightness), wanted: brightness > 0, run: adjustBrightness },
    {
      range: factor(contrast),
      wanted: contrast > 0,
      run: (from: Uint8Array, to: Uint8Array, by: number) => adjustContrast(from, to, shape, by),
    },
    { range: factor(saturation), wanted: colored && saturation > 0, run: adjustSaturation },
    { range: [-hue, hue], wanted: colored && hue > 0, run: adjustHue },
  ] as const;
  const wanted = changes.filter((change) => change.wanted);
  const spare = new Uint8Array(shape[0] * shape[1] * shape[2]);
  return (from, to, random) => {
    const order = [...wanted];
    for (let i = order.length - 1; i > 0; i--) {
      const j = random.integer(i + 1);
      [order[i], order[j]] = [order[j]!, order[i]!];
    }
    let current = from;
    for (const [k, { range, run }] of order.entries()) {
      // Ends in `to`: the passes alternate between the two buffers, the last one writes there.
      const next = (order.length - k) % 2 === 1 ? to : spare;
      run(current, next, random.uniform(range[0], range[1]));
      current = next;
    }
    return order.length > 0;
  };
}
