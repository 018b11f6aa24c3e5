import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { parseTsplib, solve, TsplibError } from '../src/index.ts';
import { measure } from './instances.ts';

const shared = fileURLToPath(new URL('../../../../shared/data', import.meta.url));
const folder = `${process.env.PLEAT_DATA ?? shared}/tsplib95`;
const present = existsSync(folder);

const points = (type: string, rows: string): string =>
  `NAME: t\nTYPE: TSP\nDIMENSION: ${rows.split(';').length}\nEDGE_WEIGHT_TYPE: ${type}\nNODE_COORD_SECTION\n${rows.replaceAll(';', '\n')}\nEOF\n`;
const explicit = (format: string, numbers: string): string =>
  `NAME : t\nTYPE : TSP\nDIMENSION : 4\nEDGE_WEIGHT_TYPE : EXPLICIT\nEDGE_WEIGHT_FORMAT : ${format}\nEDGE_WEIGHT_SECTION\n${numbers}\nEOF\n`;

describe('distances', () => {
  it.each([
    // 3-4-5 triangles, halves and roots worked out by hand.
    ['EUC_2D', '1 0 0;2 3 4;3 0 1.5', 5, 2],
    ['CEIL_2D', '1 0 0;2 3 4.1;3 0 1.2', 6, 2],
    // sqrt((10^2 + 0) / 10) = 3.16 rounds to 3, which is less, so 4; sqrt(40 / 10) = 2.
    ['ATT', '1 0 0;2 10 0;3 6 2', 4, 2],
  ])('%s', (type, rows, first, second) => {
    const { matrix } = parseTsplib(points(type, rows));
    expect([...matrix.data.slice(0, 3)]).toEqual([0, first, second]);
  });

  it('GEO: one degree along the equator, and burma14 at its proven optimum', () => {
    const { matrix } = parseTsplib(points('GEO', '1 0 0;2 0 1'));
    // 6378.388 * pi / 180 = 111.3 kilometres, and the format adds one and cuts.
    expect(matrix.data[1]).toBe(112);
    const burma =
      '1 16.47 96.10;2 16.47 94.44;3 20.09 92.54;4 22.39 93.37;5 25.23 97.24;6 22.00 96.05;7 20.47 97.02;' +
      '8 17.20 96.29;9 16.30 97.38;10 14.05 98.12;11 16.53 97.38;12 21.52 95.59;13 19.41 97.13;14 20.09 94.55';
    expect(solve(parseTsplib(points('GEO', burma)).matrix, { closed: true }).length).toBe(3323);
  });

  it.each([
    ['FULL_MATRIX', '0 1 2 3\n1 0 4 5\n2 4 0 6\n3 5 6 0'],
    ['UPPER_ROW', '1 2 3\n4 5\n6'],
    ['LOWER_ROW', '1\n2 4\n3 5 6'],
    ['UPPER_DIAG_ROW', '0 1 2 3\n0 4 5\n0 6\n0'],
    ['LOWER_DIAG_ROW', '0\n1 0\n2 4 0\n3 5 6 0'],
    ['UPPER_COL', '1\n2 4\n3 5 6'],
    ['LOWER_COL', '1 2 3\n4 5\n6'],
    ['UPPER_DIAG_COL', '0\n1 0\n2 4 0\n3 5 6 0'],
    // Where lines break means nothing.
    ['LOWER_DIAG_COL', '0 1 2\n3 0 4 5 0\n6 0'],
  ])('EXPLICIT %s', (format, numbers) => {
    const { data } = parseTsplib(explicit(format, numbers)).matrix;
    expect([...data]).toEqual([0, 1, 2, 3, 1, 0, 4, 5, 2, 4, 0, 6, 3, 5, 6, 0]);
  });
});

describe('parseTsplib refuses', () => {
  it.each([
    ['nothing', '', /DIMENSION is missing/],
    ['an unknown type', points('XRAY1', '1 0 0;2 1 1'), /XRAY1 is not known; known are EUC_2D/],
    ['an unknown format', explicit('SPIRAL', '1'), /SPIRAL is not known/],
    [
      'too few numbers',
      explicit('UPPER_ROW', '1 2'),
      /holds 2 numbers; UPPER_ROW of 4 cities takes 6/,
    ],
    ['too many numbers', explicit('UPPER_ROW', '1 2 3 4 5 6 7'), /holds 7 numbers/],
    [
      'an asymmetric matrix',
      explicit('FULL_MATRIX', '0 1 2 3 9 0 4 5 2 4 0 6 3 5 6 0'),
      /asymmetric/,
    ],
    ['an asymmetric problem', 'TYPE : ATSP\nDIMENSION : 3\n', /TYPE is ATSP/],
    ['a word for a number', points('EUC_2D', '1 0 0;2 one 1'), /line 7: "one" is not a number/],
    ['a missing city', points('EUC_2D', '1 0 0;2 1'), /holds 5 numbers; 2 cities take 6/],
    ['what is no TSPLIB file', 'no tsp', /line 1: "no tsp" is neither KEY : VALUE nor/],
    ['numbers before a section', '1 2 3\n', /line 1: numbers outside of a section/],
    [
      'a missing section',
      'DIMENSION : 3\nEDGE_WEIGHT_TYPE : ATT\n',
      /NODE_COORD_SECTION is missing/,
    ],
  ])('%s', (_, text, message) => {
    expect(() => parseTsplib(text)).toThrow(TsplibError);
    expect(() => parseTsplib(text)).toThrow(message);
  });
});

describe.skipIf(!present)('TSPLIB95 files', () => {
  const read = (name: string) => parseTsplib(readFileSync(`${folder}/${name}.tsp`, 'utf8')).matrix;

  it('pcb442 in its own order is 221440 long, as the TSPLIB report says', () => {
    const order = Int32Array.from({ length: 442 }, (_, i) => i);
    expect(measure(read('pcb442'), order, true)).toBe(221440);
  });

  it.each([
    ['berlin52', 7542],
    ['att48', 10628],
    ['gr48', 5046],
    ['ulysses22', 7013],
    ['kroA100', 21282],
    ['pr1002', 259045],
  ])("%s's optimal tour has the published length, and no bound exceeds it", (name, optimum) => {
    const text = readFileSync(`${folder}/tours/${name}.opt.tour`, 'utf8');
    const section = /TOUR_SECTION([\d\s]+)/.exec(text)![1]!;
    const tour = section
      .trim()
      .split(/\s+/)
      .map((city) => Number(city) - 1);
    const matrix = read(name);
    expect(measure(matrix, tour, true)).toBe(optimum);
    const { lowerBound, length } = solve(matrix, { closed: true, kicks: 2000 });
    expect(lowerBound).toBeLessThanOrEqual(optimum);
    expect(lowerBound).toBeGreaterThan(0.975 * optimum);
    expect(length).toBeGreaterThanOrEqual(optimum);
    expect(length).toBeLessThan(1.03 * optimum);
  });
});
