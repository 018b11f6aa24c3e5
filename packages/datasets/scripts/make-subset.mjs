// Cuts the shipped subset out of the original Fashion-MNIST files: the first 1,000 training and the first 200 test
// images of every class, in file order. usage: node scripts/make-subset.mjs FOLDER_WITH_THE_FOUR_ORIGINAL_FILES
import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { constants, gunzipSync, gzipSync } from 'node:zlib';

const folder = process.argv[2];
if (!folder) {
  console.error('usage: node scripts/make-subset.mjs FOLDER_WITH_THE_FOUR_ORIGINAL_FILES');
  process.exit(2);
}
const out = fileURLToPath(new URL('../data/', import.meta.url));
const size = 28 * 28;
const best = { level: 9, memLevel: 9, strategy: constants.Z_DEFAULT_STRATEGY };

mkdirSync(out, { recursive: true });
for (const [part, perClass] of [
  ['train', 1000],
  ['t10k', 200],
]) {
  const imageFile = `${part}-images-idx3-ubyte.gz`;
  const labelFile = `${part}-labels-idx1-ubyte.gz`;
  const images = gunzipSync(readFileSync(join(folder, imageFile)));
  const labels = gunzipSync(readFileSync(join(folder, labelFile)));
  const taken = new Array(10).fill(0);
  const chosen = [];
  for (let i = 0; i < labels.length - 8; i++) {
    if (taken[labels[8 + i]]++ < perClass) chosen.push(i);
  }
  const head = (source, bytes) => {
    const copy = Buffer.from(source.subarray(0, bytes));
    copy.writeUInt32BE(chosen.length, 4);
    return copy;
  };
  const pictures = chosen.map((i) => images.subarray(16 + i * size, 16 + (i + 1) * size));
  const subset = Buffer.concat([head(images, 16), ...pictures]);
  const marks = Buffer.concat([head(labels, 8), Buffer.from(chosen.map((i) => labels[8 + i]))]);
  for (const [file, bytes] of [
    [imageFile, subset],
    [labelFile, marks],
  ]) {
    const packed = gzipSync(bytes, best);
    writeFileSync(join(out, file), packed);
    console.log(`${file}: ${chosen.length} records, ${packed.length} bytes`);
  }
}
copyFileSync(join(folder, 'LICENSE'), join(out, 'LICENSE'));
