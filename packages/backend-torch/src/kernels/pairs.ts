import type { TorchBackend } from '../backend.ts';
import type { Handle } from '../ffi/dispatch.ts';
import { backward, type Geometry } from './conv.ts';

/** Whether a filter's gradient can be put together from pairs: five columns over rows of an even, unchanged length. */
function fits({ engine }: TorchBackend, shape: readonly number[], g: Geometry): boolean {
  const [, columns, channels, multiplier] = shape as [number, number, number, number];
  const rows = g.before[0]!;
  return (
    g.depthwise &&
    !engine.device.cuda &&
    engine.precision === 'float32' &&
    multiplier === 1 &&
    columns === 5 &&
    channels % 8 === 0 &&
    g.x[2]! % 2 === 0 &&
    g.before[1] === 2 &&
    g.after[1] === 2 &&
    rows >= 0 &&
    rows === g.after[0] &&
    [...g.strides, ...g.dilations].every((size) => size === 1)
  );
}

/**
 * The gradient of a depthwise filter of five columns, from two of three columns each.
 *
 * oneDNN (3.12, AVX2) has a fast form for at most three columns; for wider filters it computes 8 x 8 channels where 8 are
 * wanted. The pixels as they are give the lags -1, 0 and 1 along a row; two neighbouring pixels seen as one of twice the
 * channels, which moves nothing in memory, give -2, 0 and 2.
 *
 * @param dy - Gradient of the result, [n, h, w, c], contiguous.
 * @param x - Input, [n, h, w, c], contiguous.
 * @param shape - Of the filter, [rows, 5, c, 1].
 * @returns The gradient, [rows, 5, c], contiguous; null for a convolution of another form.
 */
export function gradientByPairs(
  torch: TorchBackend,
  dy: Handle,
  x: Handle,
  shape: readonly number[],
  g: Geometry,
): Handle | null {
  if (!fits(torch, shape, g)) return null;
  const { engine } = torch;
  const [taps, , channels] = shape as [number, number, number];
  const three = (geometry: Geometry, wide: number) => {
    const [a, b] = [dy, x].map((tensor, i) => engine.view(tensor, i ? geometry.x : geometry.y));
    const blank = engine.empty([wide, 1, taps, 3], 'float32');
    return backward(torch, a!, b!, blank, geometry, [false, true, false])[1]!;
  };
  const narrow = { before: [g.before[0]!, 1], after: [g.after[0]!, 1] };
  const folded = ([n, h, w, c]: number[]) => [n!, h!, w! / 2, 2 * c!];
  const near = three({ ...g, ...narrow }, channels);
  const pairs = { ...g, ...narrow, groups: 2 * channels, x: folded(g.x), y: folded(g.y) };
  const halves = engine.view(engine.contiguous(three(pairs, 2 * channels)), [2, channels, taps, 3]);
  const far = engine.op('aten::sum.dim_IntList', halves, [0], false, null);
  const columns = (from: Handle, start: number, end: number) =>
    engine.op('aten::slice.Tensor', engine.op('aten::permute', from, [1, 2, 0]), 1, start, end, 1);
  const middle = engine.view(engine.contiguous(near), [channels, taps, 3]);
  const parts = [columns(far, 0, 1), columns(middle, 0, 3), columns(far, 2, 3)];
  return engine.contiguous(engine.op('aten::cat', parts, 1));
}
