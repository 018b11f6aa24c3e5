/** A point to write beside, in data units. */
export interface Labelled {
  bytes: number;
  accuracy: number;
  name: string;
}

/** Where the text of a point goes: pixels below its centre, and on which side of it. */
export type Placed<T> = T & { dy: number; side: 'left' | 'right' };

// Of 10 pixel letters, with what the padding of the axes takes from the distances between points.
const characterWidth = 5.8;
const lineHeight = 12;
const beside = 7;
/** Half the width of a point. */
const reach = 5;

/** Maps values onto 0 .. length. */
function scale(values: readonly number[], length: number): (value: number) => number {
  const low = Math.min(...values);
  const range = Math.max(...values) - low || 1;
  return (value) => (length * (value - low)) / range;
}

interface Box {
  left: number;
  right: number;
  top: number;
  bottom: number;
}

const apart = (a: Box, b: Box) =>
  a.right < b.left || a.left > b.right || a.bottom <= b.top || a.top >= b.bottom;

const places = (['right', 'left'] as const).flatMap((side) =>
  [0, -beside - 2, beside + 2].map((dy) => ({ side, dy })),
);

/**
 * Texts for as many points as can have one without covering each other, beside their point, above or below; the first come
 * first, each where it covers no point if there is such a place.
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
  const centre = ({ bytes, accuracy }: Pick<Labelled, 'bytes' | 'accuracy'>) => ({
    x: x(Math.log(bytes)),
    y: size.height - y(accuracy),
  });
  const points = all.map((point): Box => {
    const at = centre(point);
    return { left: at.x - reach, right: at.x + reach, top: at.y - reach, bottom: at.y + reach };
  });
  const taken: Box[] = [];
  return wanted.flatMap((point) => {
    const at = centre(point);
    const width = characterWidth * point.name.length;
    const boxes = places.flatMap(({ side, dy }) => {
      const left = side === 'right' ? at.x + beside : at.x - beside - width;
      const top = at.y + dy - lineHeight / 2;
      const box = { left, right: left + width, top, bottom: top + lineHeight };
      // Beyond the edge a text would widen the picture, or stand on the axis.
      const inside = left >= 0 && box.right <= size.width + 4 * beside;
      return inside && taken.every((other) => apart(box, other)) ? [{ side, dy, box }] : [];
    });
    const best = boxes.find(({ box }) => points.every((other) => apart(box, other))) ?? boxes[0];
    if (best === undefined) return [];
    taken.push(best.box);
    return [{ ...point, dy: best.dy, side: best.side }];
  });
}
