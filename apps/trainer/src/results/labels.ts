/** A point to write beside, in data units. */
export interface Labelled {
  bytes: number;
  accuracy: number;
  name: string;
}

/** Where the text of a point goes: pixels below its centre. */
export type Placed<T> = T & { dy: number };

const characterWidth = 5.2;
const lineHeight = 12;
const beside = 7;

/** Maps values onto 0 .. length. */
function scale(values: readonly number[], length: number): (value: number) => number {
  const low = Math.min(...values);
  const range = Math.max(...values) - low || 1;
  return (value) => (length * (value - low)) / range;
}

/**
 * Texts for as many points as can have one without covering each other, above or below their point; the first come first.
 *
 * @param all every point of the picture, which decide its scales
 * @param size width and height of the picture in pixels
 */
export function placeLabels<T extends Labelled>(
  wanted: readonly T[],
  all: readonly Pick<Labelled, 'bytes' | 'accuracy'>[],
  size: { width: number; height: number },
): Placed<T>[] {
  const x = scale(
    all.map(({ bytes }) => Math.log(bytes)),
    size.width,
  );
  const y = scale(
    all.map(({ accuracy }) => accuracy),
    size.height,
  );
  const taken: { left: number; right: number; middle: number }[] = [];
  return wanted.flatMap((point) => {
    for (const dy of [-beside, beside + 2]) {
      const left = x(Math.log(point.bytes)) + beside;
      const right = left + characterWidth * point.name.length;
      const middle = size.height - y(point.accuracy) + dy;
      const free = taken.every(
        (other) =>
          right < other.left || left > other.right || Math.abs(middle - other.middle) >= lineHeight,
      );
      if (!free) continue;
      taken.push({ left, right, middle });
      return [{ ...point, dy }];
    }
    return [];
  });
}
