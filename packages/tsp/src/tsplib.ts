import type { SquareMatrix } from './matrix.ts';
import { matrixFormats, pointDistances } from './tsplib-distance.ts';

/** A symmetric TSPLIB instance. */
export interface TsplibInstance {
  name: string;
  comment: string;
  /** EUC_2D, CEIL_2D, ATT, GEO or EXPLICIT. */
  type: string;
  matrix: SquareMatrix;
}

/** A TSPLIB file that cannot be read. */
export class TsplibError extends Error {
  override readonly name = 'TsplibError';
}

const sections = new Set(['NODE_COORD_SECTION', 'EDGE_WEIGHT_SECTION', 'DISPLAY_DATA_SECTION']);
const mostCities = 20_000;

interface Fields {
  header: Map<string, string>;
  numbers: Map<string, number[]>;
}

function split(text: string): Fields {
  const header = new Map<string, string>();
  const numbers = new Map<string, number[]>();
  let section: number[] | undefined;
  for (const [index, raw] of text.split(/\r?\n/).entries()) {
    const line = raw.trim();
    if (line === '') continue;
    if (line === 'EOF') break;
    const word = /^[A-Z_0-9]+/.exec(line)?.[0] ?? '';
    if (/^[A-Za-z]/.test(line)) {
      section = undefined;
      if (sections.has(word)) {
        section = [];
        numbers.set(word, section);
      } else {
        const colon = line.indexOf(':');
        if (colon < 0)
          throw new TsplibError(
            `line ${index + 1}: "${line}" is neither KEY : VALUE nor a known section`,
          );
        header.set(line.slice(0, colon).trim(), line.slice(colon + 1).trim());
      }
      continue;
    }
    if (!section)
      throw new TsplibError(`line ${index + 1}: numbers outside of a section: "${line}"`);
    for (const token of line.split(/\s+/)) {
      const value = Number(token);
      if (!Number.isFinite(value))
        throw new TsplibError(`line ${index + 1}: "${token}" is not a number`);
      section.push(value);
    }
  }
  return { header, numbers };
}

function fromPoints(n: number, type: string, values: number[]): SquareMatrix {
  const distance = pointDistances[type]!;
  if (values.length !== 3 * n) {
    throw new TsplibError(
      `NODE_COORD_SECTION holds ${values.length} numbers; ${n} cities take ${3 * n} (number, x, y)`,
    );
  }
  const points = Array.from(
    { length: n },
    (_, i) => [values[3 * i + 1]!, values[3 * i + 2]!] as const,
  );
  const data = new Float32Array(n * n);
  for (let i = 0; i < n; i++) {
    for (let j = 0; j < i; j++) {
      const d = distance(points[i]!, points[j]!);
      data[i * n + j] = d;
      data[j * n + i] = d;
    }
  }
  return { n, data };
}

function fromMatrix(n: number, format: string, values: number[]): SquareMatrix {
  const walk = matrixFormats[format];
  if (!walk) {
    throw new TsplibError(
      `EDGE_WEIGHT_FORMAT ${format || '(none)'} is not known; known are ${Object.keys(matrixFormats).join(', ')}`,
    );
  }
  const data = new Float32Array(n * n);
  let count = 0;
  walk(n, (i, j) => {
    const value = values[count++];
    if (value === undefined) return;
    if (format === 'FULL_MATRIX' && j < i && data[i * n + j] !== Math.fround(value)) {
      throw new TsplibError(
        `the matrix is asymmetric: [${i + 1}, ${j + 1}] is ${value}, but [${j + 1}, ${i + 1}] is ${data[i * n + j]}`,
      );
    }
    data[i * n + j] = value;
    data[j * n + i] = value;
  });
  if (count !== values.length) {
    throw new TsplibError(
      `EDGE_WEIGHT_SECTION holds ${values.length} numbers; ${format} of ${n} cities takes ${count}`,
    );
  }
  for (let i = 0; i < n; i++) data[i * n + i] = 0;
  return { n, data };
}

/**
 * Reads a symmetric instance of TSPLIB95 (Reinelt 1991).
 *
 * @param text the `.tsp` file: EDGE_WEIGHT_TYPE EUC_2D, CEIL_2D, ATT, GEO, or EXPLICIT in any matrix format
 * @returns name, comment, type and the matrix of distances
 * @throws TsplibError that says what is wrong, and on which line
 *
 * @example
 * const text = `NAME : tiny\nDIMENSION : 3\nEDGE_WEIGHT_TYPE : EUC_2D\nNODE_COORD_SECTION\n1 0 0\n2 3 4\n3 0 8\nEOF`;
 * parseTsplib(text).matrix.data[1]; // 5
 */
export function parseTsplib(text: string): TsplibInstance {
  const { header, numbers } = split(text);
  const n = Number(header.get('DIMENSION'));
  if (!Number.isInteger(n) || n < 1 || n > mostCities) {
    throw new TsplibError(
      `DIMENSION is ${header.get('DIMENSION') ?? 'missing'}; it takes 1 .. ${mostCities} cities`,
    );
  }
  const kind = header.get('TYPE') ?? 'TSP';
  if (!kind.startsWith('TSP'))
    throw new TsplibError(`TYPE is ${kind}; only symmetric instances, TSP, can be read`);
  const type = header.get('EDGE_WEIGHT_TYPE') ?? 'EXPLICIT';
  const explicit = type === 'EXPLICIT';
  if (!explicit && !(type in pointDistances)) {
    throw new TsplibError(
      `EDGE_WEIGHT_TYPE ${type} is not known; known are ${[...Object.keys(pointDistances), 'EXPLICIT'].join(', ')}`,
    );
  }
  const wanted = explicit ? 'EDGE_WEIGHT_SECTION' : 'NODE_COORD_SECTION';
  const values = numbers.get(wanted);
  if (!values) throw new TsplibError(`${wanted} is missing; EDGE_WEIGHT_TYPE ${type} needs it`);
  const matrix = explicit
    ? fromMatrix(n, header.get('EDGE_WEIGHT_FORMAT') ?? '', values)
    : fromPoints(n, type, values);
  return { name: header.get('NAME') ?? '', comment: header.get('COMMENT') ?? '', type, matrix };
}
