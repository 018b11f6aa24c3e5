import { readFileSync } from 'node:fs';
import { decodeContainer, encodeContainer, PleatFormatError, type Section } from '@pleat/codec';
import { rng, stream } from '@pleat/random';
import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, test } from 'vitest';
import { deflateText, inflateText } from '../src/file/document.ts';
import { decodeModel, inspectModel, PleatModelError } from '../src/index.ts';
import { forms } from './golden-forms.ts';

beforeAll(async () => {
  await tf.setBackend('cpu');
});

const random = rng(stream(2027, 'fuzz'));
/** A whole number below n. */
const below = (n: number): number => random.integer(n);

const typed = (error: unknown): boolean =>
  error instanceof PleatModelError || error instanceof PleatFormatError;

/** The weights in a file, or null when it is refused as it should be. */
async function weightsOf(
  bytes: Uint8Array,
  calibrate: (() => tf.Tensor | tf.Tensor[]) | undefined,
): Promise<number[][] | null> {
  const batch = calibrate?.();
  try {
    inspectModel(bytes);
    const model = await decodeModel(bytes, batch && { calibrate: batch });
    const values = model.weights.map((weight) => [...weight.read().dataSync()]);
    for (const weight of model.weights) weight.dispose();
    return values;
  } catch (error) {
    if (typed(error) || /given as calibrate does not fit/.test(`${error}`)) return null;
    throw error;
  } finally {
    tf.dispose(batch);
  }
}

function flipped(bytes: Uint8Array, times = 1): Uint8Array {
  const copy = bytes.slice();
  for (let i = 0; i < times; i++) copy[below(copy.length)]! ^= 1 << below(8);
  return copy;
}

function cut(bytes: Uint8Array): Uint8Array {
  return bytes.slice(0, below(bytes.length));
}

/** Damages one section; the container puts checksums and lengths right, so that this reaches what reads the sections. */
function damaged(section: Section): Section {
  if (section.kind === 'tensor') {
    const values = section.values.slice(0, section.values.length - below(2)) as Float32Array;
    if (values.length > 0) values[below(values.length)] = below(2) ? -3 : 2 ** 14;
    return { ...section, shape: [values.length], values } as Section;
  }
  if (section.kind !== 'bytes') return section;
  if (section.name !== 'model' || below(3) === 0) {
    const bytes = below(2) ? flipped(section.bytes, 1 + below(3)) : cut(section.bytes);
    return { ...section, bytes };
  }
  const text = inflateText(section.bytes);
  const at = below(text.length);
  const letters = '0123456789[]{},":-x=bsthfqkc';
  const put = letters[below(letters.length)] as string;
  const edited = text.slice(0, at) + put + text.slice(at + below(3));
  return { ...section, bytes: deflateText(edited) };
}

// Of a million weights each; the damage that reaches its masks is a few kilobytes of the same code.
const large = new Set(['bundles']);

describe.each(Object.keys(forms))('%s', (name) => {
  const file = new Uint8Array(readFileSync(new URL(`./golden/${name}.pleat`, import.meta.url)));
  const { calibrate } = forms[name]!;

  test('cut off anywhere, is refused', async () => {
    const before = tf.memory().numTensors;
    for (let length = 0; length < file.length; length++) {
      expect(await weightsOf(file.slice(0, length), calibrate), `${length} bytes`).toBeNull();
    }
    expect(tf.memory().numTensors).toBe(before);
  });

  test('with bits flipped, is refused or the very model', async () => {
    const intact = JSON.stringify(await weightsOf(file, calibrate));
    const before = tf.memory().numTensors;
    let refused = 0;
    for (let i = 0; i < 3000; i++) {
      const found = await weightsOf(flipped(file, 1 + below(3)), calibrate);
      if (found === null) refused++;
      else expect(JSON.stringify(found)).toBe(intact);
    }
    expect(tf.memory().numTensors).toBe(before);
    // Only a flip that is taken back leaves a file whole: a checksum lies over every byte.
    expect(refused).toBeGreaterThan(2950);
  });

  test('with a section damaged under checksums that hold, is refused or a model', async () => {
    const { sections } = decodeContainer(file);
    const before = tf.memory().numTensors;
    let read = 0;
    const times = large.has(name) ? 20 : 500;
    for (let i = 0; i < times; i++) {
      const which = below(sections.length);
      const bytes = encodeContainer(sections.map((s, at) => (at === which ? damaged(s) : s)));
      if ((await weightsOf(bytes, calibrate)) !== null) read++;
    }
    expect(tf.memory().numTensors).toBe(before);
    // Flipped bits of a raw or range-coded mask are another mask; cut and misspelt ones are none.
    expect(read).toBeGreaterThan(0);
    expect(read).toBeLessThan(times);
  });
});
