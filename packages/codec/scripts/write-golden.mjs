// Writes the golden files that pin version 1 of the format: test/golden/NAME.pleat and, beside it, NAME.json with the
// contents in plain sight. Run it (after a build) only to add a file; the ones that are there stay as they are.
import { existsSync, writeFileSync } from 'node:fs';
import { encodeContainer } from '../dist/index.js';

/** Small numbers that look random and are made of integer operations only. */
function noise(i) {
  const x = Math.imul(i + 1, 0x9e3779b1);
  return (Math.imul(x ^ (x >>> 15), 0x85ebca6b) >>> 8) % 1000;
}

function bits(shape, isOne) {
  const size = shape.reduce((a, b) => a * b, 1);
  const filters = shape.at(-1);
  const inputs = shape.at(-2) ?? 1;
  return Array.from({ length: size }, (_, i) => {
    const row = Math.floor(i / filters);
    return isOne(i, i % filters, row % inputs, Math.floor(row / inputs)) ? '1' : '0';
  }).join('');
}

const mask = (name, shape, coding, isOne) => {
  return { kind: 'mask', name, shape, coding, bits: bits(shape, isOne) };
};
const repeated = (i, o) => noise(Math.floor(i / 40) * 8 + (o % 8)) < 500;

const files = {
  'v1-empty': { metadata: {}, sections: [] },
  'v1-kinds': {
    metadata: { classes: ['Hose', 'Hütte', '靴'], mean: [0.5, 0.25], trained: true },
    sections: [
      { kind: 'json', name: 'topology', value: { layers: [{ units: 3 }], none: null } },
      { kind: 'bytes', name: 'bytes', bytes: [0, 1, 2, 253, 254, 255, 7, 8, 9] },
      { kind: 'bytes', name: 'no bytes', bytes: [] },
      {
        kind: 'tensor',
        name: 'float32',
        shape: [2, 3],
        coding: 'float32',
        values: [0, 1, -1.5, 2 ** -149, 3.4028234663852886e38, 0.10000000149011612],
      },
      { kind: 'tensor', name: 'scalar', shape: [], coding: 'float32', values: [42] },
      {
        kind: 'tensor',
        name: 'float16',
        shape: [5],
        coding: 'float16',
        values: [0, 1, -65504, 2 ** -24, 0.333251953125],
      },
      {
        kind: 'tensor',
        name: 'uint8',
        shape: [6],
        coding: 'uint8',
        values: [-4, -3.96875, 0, 1.5, 3.9375, 3.96875],
      },
      {
        kind: 'tensor',
        name: 'uint8-channel',
        shape: [3, 2],
        coding: 'uint8-channel',
        values: [-4, 0, 0, 64, 3.96875, 255],
      },
      {
        kind: 'tensor',
        name: 'int32',
        shape: [4],
        coding: 'int32',
        values: [0, -1, 2147483647, -2147483648],
      },
      mask('no weights', [0, 3], 'raw', () => false),
      mask('raw', [3, 5], 'raw', (i) => noise(i) < 500),
      mask('order 0', [37, 11], 'range', (i) => noise(i) < 100),
      mask('zeros', [4, 100], 'range', () => false),
      mask('ones', [400], 'range', () => true),
    ],
  },
  'v1-masks': {
    metadata: {},
    sections: [
      mask('filters', [3, 3, 16, 24], 'range', (i, o) => noise(i) < 40 * o),
      mask('inputs', [3, 3, 24, 16], 'range', (i, _, input) => noise(i) < 40 * input),
      mask('both', [64, 32], 'range', (i, o, input) => noise(i) < input * o),
      mask('taps', [5, 5, 8, 16], 'range', (i, _, __, tap) => noise(i) < 38 * tap),
      mask('rows', [3, 3, 16, 32], 'range', (i) => noise(i) < noise(1e6 + Math.floor(i / 32))),
      mask('blocks', [48, 48], 'range', (_, o, i) => noise((i >> 2) * 12 + (o >> 2)) < 500),
      mask('kernels', [3, 3, 16, 16], 'range', (i) => noise(i % 256) < 500 !== noise(i) < 50),
      mask('repeated', [64, 40], 'range', repeated),
    ],
  },
};

const values = (section) => {
  if (section.kind === 'mask') return { ...section, bits: Uint8Array.from(section.bits) };
  if (section.kind === 'bytes') return { ...section, bytes: Uint8Array.from(section.bytes) };
  if (section.kind === 'json') return section;
  const { coding } = section;
  const list = coding === 'int32' ? Int32Array : Float32Array;
  return { ...section, values: list.from(section.values) };
};

for (const [name, content] of Object.entries(files)) {
  const path = new URL(`../test/golden/${name}.pleat`, import.meta.url);
  if (existsSync(path)) continue;
  const { sections, metadata } = content;
  writeFileSync(path, encodeContainer(sections.map(values), { metadata }));
  writeFileSync(
    new URL(`../test/golden/${name}.json`, import.meta.url),
    `${JSON.stringify(content, null, 1)}\n`,
  );
}
