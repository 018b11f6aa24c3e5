import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { built, run } from './cli-fixture.ts';
import { temporaryFolder } from './run-fixture.ts';

// Cities along a line of eight, listed out of order: 1 3 5 7 8 6 4 2 is a shortest tour, twice the line.
const places = [0, 7, 1, 6, 2, 5, 3, 4];
const rows = places.map((x, i) => `${i + 1} ${10 * x} 0`).join('\n');
const text = `NAME : line8\nTYPE : TSP\nDIMENSION : 8\nEDGE_WEIGHT_TYPE : EUC_2D\nNODE_COORD_SECTION\n${rows}\nEOF\n`;

function folderWith(name: string, content: string): string {
  const folder = temporaryFolder();
  writeFileSync(join(folder, name), content);
  return folder;
}

describe.skipIf(!built)('pleat tsp', () => {
  test('--help shows examples', async () => {
    const { code, stdout } = await run(['tsp', '--help']);
    expect(code).toBe(0);
    expect(stdout).toContain('Usage: pleat tsp');
    expect(stdout).toMatch(/Examples:\n {2}\$ pleat tsp /);
    expect(stdout).toContain('--json');
  });

  test('finds the tour, for a person and for a program', async () => {
    const folder = folderWith('line8.tsp', text);
    const person = await run(['tsp', 'line8.tsp'], folder);
    expect(person.code).toBe(0);
    expect(person.stdout).toContain('line8: closed tour of 8 cities');
    expect(person.stdout).toMatch(/length +140\n/);
    const { code, stdout } = await run(['tsp', 'line8.tsp', '--json'], folder);
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({
      name: 'line8',
      cities: 8,
      closed: true,
      length: 140,
      lowerBound: 140,
      gap: 0,
    });
  });

  test('--open leaves out the way back', async () => {
    const folder = folderWith('line8.tsp', text);
    const { stdout } = await run(
      ['tsp', 'line8.tsp', '--open', '--time-limit', '0.1', '--json'],
      folder,
    );
    const { length, closed, order } = JSON.parse(stdout);
    expect([length, closed]).toEqual([70, false]);
    const forward = [1, 3, 5, 7, 8, 6, 4, 2];
    expect([forward, [...forward].reverse()]).toContainEqual(order);
  });

  test.each([
    [['absent.tsp'], 1, 'there is no such file or folder'],
    [['broken.tsp'], 1, 'broken.tsp is no readable TSPLIB file: line 1: "no tsp"'],
    [['broken.tsp', '--time-limit', 'x'], 2, 'It must be a number of seconds, 0 or more'],
    [['broken.tsp', '--seed', '1.5'], 2, 'It must be a whole number, 0 or more'],
    [[], 2, "Missing required argument 'file'; see --help."],
  ])('%j is refused in one sentence', async (args, status, message) => {
    const { code, stdout, stderr } = await run(
      ['tsp', ...args],
      folderWith('broken.tsp', 'no tsp'),
    );
    expect(stderr).toContain(message);
    expect(stderr.trim().split('\n')).toHaveLength(1);
    expect(stdout).toBe('');
    expect(code).toBe(status);
  });
});
