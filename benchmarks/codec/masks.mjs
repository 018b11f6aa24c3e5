// How small and how fast are masks coded, beside Node's deflate and Brotli on the same bits packed eight to a byte?
import {
  brotliCompressSync,
  brotliDecompressSync,
  constants,
  deflateRawSync,
  inflateRawSync,
} from 'node:zlib';
import { decodeMask, encodeMask } from '@pleat/codec';
import { fillUniform, stream } from '@pleat/random';
import { alternate, processorTime, report } from '../lib/measure.mjs';

const shape = [3, 3, 320, 352];
const [, , inputs, filters] = shape;
const size = shape.reduce((a, b) => a * b, 1);
const uniform = (name, count) => fillUniform(stream(1, name), new Float32Array(count));

function mask(name, densityOf) {
  const draws = uniform(`draws ${name}`, size);
  const bits = new Uint8Array(size);
  for (let i = 0; i < size; i++) {
    const row = Math.floor(i / filters);
    bits[i] = draws[i] < densityOf(i % filters, row % inputs, Math.floor(row / inputs)) ? 1 : 0;
  }
  return bits;
}

const ofFilter = uniform('filters', filters);
const ofBlock = uniform('blocks', inputs * filters);
const repeated = mask('repeated', () => 0.5);
for (let i = 0; i < size; i++) if (i % filters >= 32) repeated[i] = repeated[i - 32];

const masks = {
  'random, density 0.5': mask('a', () => 0.5),
  'random, density 0.3': mask('b', () => 0.3),
  'random, density 0.1': mask('c', () => 0.1),
  'random, density 0.01': mask('d', () => 0.01),
  'random, density 0.0001': mask('e', () => 1e-4),
  'filters of density 0 to 1': mask('f', (filter) => ofFilter[filter]),
  'blocks of 4 x 4, 5 % noise': mask('g', (filter, input) =>
    ofBlock[(input >> 2) * filters + (filter >> 2)] < 0.5 ? 0.95 : 0.05,
  ),
  'kernels kept or dropped, 10 % noise': mask('h', (filter, input) =>
    ofBlock[input * filters + filter] < 0.5 ? 0.9 : 0.1,
  ),
  'every filter repeats one of 32': repeated,
};

function pack(bits) {
  const bytes = new Uint8Array(Math.ceil(bits.length / 8));
  for (let i = 0; i < bits.length; i++) bytes[i >> 3] |= bits[i] << (i & 7);
  return bytes;
}

function entropyBytes(bits) {
  const p = bits.reduce((sum, bit) => sum + bit, 0) / bits.length;
  return (-bits.length * (p * Math.log2(p) + (1 - p) * Math.log2(1 - p))) / 8;
}

const quality = { params: { [constants.BROTLI_PARAM_QUALITY]: 9 } };
const rows = {};
for (const [name, bits] of Object.entries(masks)) {
  const coded = encodeMask(bits, shape, 'range').bytes;
  const packed = pack(bits);
  const deflated = deflateRawSync(packed, { level: 9 });
  const brotli = brotliCompressSync(packed, quality);
  // Packing and unpacking bits is left out of the peers' times.
  const times = await alternate(
    {
      encode: () => encodeMask(bits, shape, 'range'),
      decode: () => decodeMask(coded, shape, 'range'),
      deflate: () => deflateRawSync(packed, { level: 9 }),
      inflate: () => inflateRawSync(deflated),
      brotli: () => brotliCompressSync(packed, quality),
      unbrotli: () => brotliDecompressSync(brotli),
    },
    { rounds: 9, warmup: 4, clock: processorTime },
  );
  const speed = (work) => Math.round((10 * size) / 1e3 / times[work].median) / 10;
  const entropy = entropyBytes(bits);
  rows[name] = {
    rawBytes: packed.length,
    entropyBytes: Math.round(entropy),
    pleatBytes: coded.length,
    deflateBytes: deflated.length,
    brotliBytes: brotli.length,
    pleatToEntropy: Math.round((1e4 * coded.length) / entropy) / 1e4,
    encodeMbits: speed('encode'),
    decodeMbits: speed('decode'),
    deflateMbits: speed('deflate'),
    inflateMbits: speed('inflate'),
    brotliMbits: speed('brotli'),
    unbrotliMbits: speed('unbrotli'),
  };
}
report(
  'codec',
  `Masks of ${size} weights (3 x 3 x 320 x 352): bytes, and million weights a second of processor time`,
  rows,
);
