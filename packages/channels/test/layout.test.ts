import fc from 'fast-check';
import { expect, test } from 'vitest';
import { permute, reshape } from '../src/kinds/shape.ts';
import { expand, type Layout, offsets, plainColumn, stridesOf } from '../src/layout.ts';

const size = fc.integer({ min: 1, max: 4 });

/** The atom at every element of a tensor, written out. */
function written({ shape, columns }: Layout): number[] {
  const axes = shape.slice(1).map((_, i) => i + 1);
  const [column] = columns;
  return column === undefined ? [] : [...expand(column, shape, axes, shape).atoms];
}

/** A tensor whose last axis holds channels. */
const channelled = fc.array(size, { minLength: 1, maxLength: 4 }).map((sizes): Layout => {
  const atoms = Int32Array.from({ length: sizes.at(-1) as number }, (_, i) => 10 + i);
  return { shape: [null, ...sizes], columns: [plainColumn(sizes.length, atoms)] };
});

/** Another shape of as many values: neighbouring axes merged at random, and an axis of one put in. */
const reshaped = (
  shape: readonly (number | null)[],
  merge: readonly boolean[],
): (number | null)[] => {
  const to: (number | null)[] = [null];
  shape.slice(1).forEach((s, i) => {
    if (i > 0 && merge[i]) to[to.length - 1] = (to.at(-1) as number) * (s as number);
    else to.push(s);
  });
  return merge[0] ? [...to, 1] : to;
};

test('reshaping keeps every value in its row-major place, and reshaping back gives the layout back', () => {
  fc.assert(
    fc.property(
      channelled,
      fc.array(fc.boolean(), { minLength: 4, maxLength: 4 }),
      (layout, merge) => {
        const there = reshape(layout, reshaped(layout.shape, merge));
        expect(written(there)).toEqual(written(layout));
        const back = reshape(there, layout.shape);
        expect(written(back)).toEqual(written(layout));
      },
    ),
  );
});

test('permuting axes moves every atom where a transposition moves it', () => {
  fc.assert(
    fc.property(channelled, fc.infiniteStream(fc.nat(1000)), (layout, draws) => {
      const rank = layout.shape.length - 1;
      const keys = Array.from({ length: rank }, () => draws.next().value as number);
      const axes = Array.from({ length: rank }, (_, i) => i + 1);
      const order = [...axes].sort(
        (a, b) => (keys[a - 1] as number) - (keys[b - 1] as number) || a - b,
      );
      const sizes = layout.shape.slice(1) as number[];
      const strides = stridesOf(sizes);
      const from = offsets(
        order.map((a) => sizes[a - 1] as number),
        order.map((a) => strides[a - 1] as number),
      );
      const before = written(layout);
      expect(written(permute(layout, [0, ...order]))).toEqual([...from].map((at) => before[at]));
    }),
  );
});
