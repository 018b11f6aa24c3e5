import { expect, test } from 'vitest';
import { decodeContainer, decodeStream, encodeContainer, type Section } from '../src/index.ts';

const sections: Section[] = [
  { kind: 'json', name: 'topology', value: { a: [1, 2, 'ü'] } },
  {
    kind: 'mask',
    name: 'mask',
    shape: [3, 3],
    bits: Uint8Array.of(1, 0, 1, 1, 0, 0, 1, 1, 0),
    coding: 'raw',
  },
  {
    kind: 'mask',
    name: 'sparse',
    shape: [100, 10],
    bits: new Uint8Array(1000).fill(1, 500, 510),
    coding: 'range',
  },
  {
    kind: 'tensor',
    name: 'gamma',
    shape: [2, 2],
    values: Float32Array.of(1, -0, 1e-40, 3e38),
    coding: 'float32',
  },
  {
    kind: 'tensor',
    name: 'half',
    shape: [3],
    values: Float32Array.of(1, 0.5, -65504),
    coding: 'float16',
  },
  {
    kind: 'tensor',
    name: 'ints',
    shape: [2],
    values: Int32Array.of(-1, 2 ** 31 - 1),
    coding: 'int32',
  },
  { kind: 'bytes', name: 'raw', bytes: Uint8Array.of(1, 2, 3) },
];

test('a container gives back its sections', () => {
  const file = encodeContainer(sections, { metadata: { classes: ['a'] } });
  const decoded = decodeContainer(file);
  expect(decoded.sections).toEqual(sections);
  expect(decoded.metadata).toEqual({ classes: ['a'] });
});

test('a stream gives the same sections, whatever the sizes of its pieces', async () => {
  const file = encodeContainer(sections);
  for (const size of [1, 7, 64, 10_000]) {
    const got: Section[] = [];
    async function* pieces() {
      for (let i = 0; i < file.length; i += size) yield file.subarray(i, i + size);
    }
    for await (const section of decodeStream(pieces())) got.push(section);
    expect(got).toEqual(sections);
  }
});
