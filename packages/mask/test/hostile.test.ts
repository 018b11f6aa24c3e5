import { decodeContainer, encodeContainer, PleatFormatError, type Section } from '@pleat/codec';
import * as tf from '@tensorflow/tfjs';
import * as fc from 'fast-check';
import { beforeAll, describe, expect, test } from 'vitest';
import { deflateText, inflateText } from '../src/file/document.ts';
import {
  decodeModel,
  encodeModel,
  inspectModel,
  maskModel,
  PleatModelError,
} from '../src/index.ts';
import { convNet, nested } from './models.ts';

beforeAll(async () => {
  await tf.setBackend('cpu');
});

type Json = ReturnType<typeof JSON.parse>;

/** The file of a model with its sections changed. */
async function changed(
  model: tf.LayersModel,
  change: (sections: Section[]) => Section[],
): Promise<Uint8Array> {
  return encodeContainer(change(decodeContainer(await encodeModel(model)).sections));
}

/** The file of a model with its description changed. */
async function described(
  model: tf.LayersModel,
  change: (document: Json) => void,
): Promise<Uint8Array> {
  return changed(model, (sections) =>
    sections.map((section) => {
      if (section.kind !== 'bytes' || section.name !== 'model') return section;
      const document = JSON.parse(inflateText(section.bytes));
      change(document);
      return { ...section, bytes: deflateText(JSON.stringify(document)) };
    }),
  );
}

/** A description that opens and never ends. */
function replaced(start: string, again: string, times = 3000): Promise<Uint8Array> {
  const close = { '{': '}', '[': ']' };
  let end = '';
  const open = start + again.repeat(times);
  for (const letter of open) {
    if (letter === '{' || letter === '[') end = `${end}${close[letter]}`;
    if (letter === '}' || letter === ']') throw new Error('not in this test');
  }
  const text = `${open}0${[...end].reverse().join('')}`;
  return changed(masked(), (s) =>
    s.map((x) =>
      x.kind === 'bytes' && x.name === 'model' ? { ...x, bytes: deflateText(text) } : x,
    ),
  );
}

const masked = (): tf.LayersModel => maskModel(convNet());
const folded = (): tf.LayersModel =>
  maskModel(
    tf.sequential({
      layers: [
        tf.layers.dense({ inputShape: [4], units: 4 }),
        tf.layers.dense({ units: 4 }),
        tf.layers.dense({ units: 4 }),
      ],
    }),
    { learner: 'ternary', fold: 2, scales: 'channel', freeze: { kept: 0.1, dropped: 0.1 } },
  );
/** A section with the bytes of its masks changed, if it holds such. */
const bundled = (section: Section, change: (bytes: Uint8Array) => Uint8Array): Section =>
  section.kind === 'bytes' && section.name === 'masks/0'
    ? { ...section, bytes: change(section.bytes) }
    : section;
const graph = (): tf.LayersModel => maskModel(nested());

async function codeOf(bytes: Uint8Array): Promise<string> {
  const before = tf.memory().numTensors;
  const code = await decodeModel(bytes).then(
    () => 'none',
    (error) =>
      error instanceof PleatModelError || error instanceof PleatFormatError
        ? error.code
        : `${error}`,
  );
  expect(tf.memory().numTensors).toBe(before);
  return code;
}

const cases: Record<string, [code: string, bytes: () => Promise<Uint8Array>]> = {
  'a container of something else': [
    'no-model',
    async () => encodeContainer([{ kind: 'json', name: 'x', value: 1 }]),
  ],
  'no mask': [
    'missing-section',
    () => changed(masked(), (s) => s.filter(({ name }) => name !== 'masks/0')),
  ],
  'no tensors': [
    'section-size',
    () => changed(masked(), (s) => s.filter(({ kind }) => kind !== 'tensor')),
  ],
  'a mask of another name': [
    'missing-section',
    () =>
      changed(masked(), (s) => s.map((x) => (x.name === 'masks/0' ? { ...x, name: 'other' } : x))),
  ],
  'a description that is no deflate stream': [
    'model-json',
    () =>
      changed(masked(), (s) =>
        s.map((x) =>
          x.kind === 'bytes' && x.name === 'model'
            ? { ...x, bytes: new Uint8Array(40).fill(255) }
            : x,
        ),
      ),
  ],
  'a description that inflates to more than it says': [
    'model-json',
    () =>
      changed(masked(), (s) =>
        s.map((x) => {
          if (x.kind !== 'bytes' || x.name !== 'model') return x;
          const bytes = deflateText(' '.repeat(1e6));
          new DataView(bytes.buffer).setUint32(0, 10, true);
          return { ...x, bytes };
        }),
      ),
  ],
  'a description that is no object': [
    'model-schema',
    () =>
      changed(masked(), (s) =>
        s.map((x) =>
          x.kind === 'bytes' && x.name === 'model' ? { ...x, bytes: deflateText('[1]') } : x,
        ),
      ),
  ],
  'layers that are no list': [
    'model-schema',
    () =>
      described(masked(), (d) => {
        d.m.l = 5;
      }),
  ],
  'a weight form nobody knows': [
    'model-schema',
    () =>
      described(masked(), (d) => {
        d.m.l[0].w[0] = 'z3';
      }),
  ],
  'a negative dimension': [
    'model-schema',
    () =>
      described(masked(), (d) => {
        d.m.l[0].w[0] = 'b-3x3';
      }),
  ],
  'another shape of the same size': [
    'shape',
    () =>
      described(masked(), (d) => {
        d.m.l[0].w[0] = 's3x3x4x3';
      }),
  ],
  'more filters than weights': [
    'topology',
    () =>
      described(masked(), (d) => {
        d.m.l[0].g.filters = 2 ** 30;
      }),
  ],
  'filters that are no number': [
    'topology',
    () =>
      described(masked(), (d) => {
        d.m.l[0].g.filters = 'many';
      }),
  ],
  'a class nobody knows': [
    'topology',
    () =>
      described(masked(), (d) => {
        d.m.l[0].c = 'Nonsense';
      }),
  ],
  'a class of the object prototype': [
    'topology',
    () =>
      described(masked(), (d) => {
        d.m.l[0].c = 'constructor';
      }),
  ],
  'a class that is no layer': [
    'topology',
    () =>
      described(masked(), (d) => {
        d.m.l[0].c = 'Adam';
      }),
  ],
  'a model class without layers': [
    'topology',
    () =>
      described(masked(), (d) => {
        d.m.l[0].c = 'Sequential';
      }),
  ],
  'a stateful layer of enormous batch': [
    'topology',
    () =>
      described(masked(), (d) => {
        d.m.l[0].c = 'LSTM';
        d.m.l[0].g = { units: 1, stateful: true, batchInputShape: [1e9, 2, 1] };
      }),
  ],
  'a prototype that is not there': [
    'prototype',
    () =>
      described(masked(), (d) => {
        d.p = [];
      }),
  ],
  'an unknown distribution': [
    'prototype',
    () =>
      described(masked(), (d) => {
        d.p[0][3] = 'cauchy';
      }),
  ],
  'an offset past the prototype': [
    'prototype',
    () =>
      described(masked(), (d) => {
        d.m.l[0].w[0] = [d.m.l[0].w[0], 0, 1e6];
      }),
  ],
  'a scale that is no number': [
    'model-schema',
    () =>
      described(masked(), (d) => {
        d.m.l[0].w[0] = [d.m.l[0].w[0], 0, 0, 'x'];
      }),
  ],
  'given values that are missing': [
    'missing-section',
    () =>
      described(masked(), (d) => {
        d.p = [7];
      }),
  ],
  'a bundle of masks that is cut short': [
    'section-size',
    () => changed(masked(), (s) => s.map((x) => bundled(x, (b) => b.subarray(0, b.length - 1)))),
  ],
  'a bundle of masks that goes on': [
    'section-size',
    () => changed(masked(), (s) => s.map((x) => bundled(x, (b) => Uint8Array.from([...b, 0, 0])))),
  ],
  'a mask in a coding nobody knows': [
    'section-size',
    () =>
      changed(masked(), (s) =>
        s.map((x) => bundled(x, (b) => Uint8Array.from([9, ...b.slice(1)]))),
      ),
  ],
  'a mask of chosen signs that wants hints': [
    'shape',
    () =>
      changed(masked(), (s) =>
        s.map((x) => bundled(x, (b) => Uint8Array.from([2, ...b.slice(1)]))),
      ),
  ],
  'a mask whose length runs past the end': [
    'section-size',
    () =>
      changed(masked(), (s) =>
        s.map((x) => bundled(x, (b) => Uint8Array.from([0, 255, 255, 127, ...b.slice(2)]))),
      ),
  ],
  'a weight that is the same as one that is not there': [
    'shape',
    () =>
      described(folded(), (d) => {
        d.m.l[1].w[0][1] = 7;
      }),
  ],
  'a weight that is the same as one of another shape': [
    'shape',
    () =>
      described(folded(), (d) => {
        d.m.l[1].w[0][0] = '=2x8';
      }),
  ],
  'scales that do not fit': [
    'shape',
    () =>
      described(folded(), (d) => {
        d.m.l[0].w[0].at(-1).s = 'h2x2';
      }),
  ],
  'scales in bits': [
    'model-schema',
    () =>
      described(folded(), (d) => {
        d.m.l[0].w[0].at(-1).s = 'b1x4';
      }),
  ],
  'a constant kernel': [
    'model-schema',
    () =>
      described(folded(), (d) => {
        d.m.l[0].w[0] = ['c4x4', 1];
      }),
  ],
  'a constant that is no number': [
    'model-schema',
    () =>
      described(folded(), (d) => {
        d.m.l[0].w[1] = ['c4', null];
      }),
  ],
  'more weights than anybody would decode': [
    'section-size',
    () =>
      described(folded(), (d) => {
        d.m.l[0].w[1] = ['c999999999', 0];
      }),
  ],
  'shares that are no numbers': [
    'model-schema',
    () =>
      described(folded(), (d) => {
        d.z = [1, 'x', 0];
      }),
  ],
  'two layers of one name': [
    'topology',
    () =>
      described(graph(), (d) => {
        d.m.l[1].n = d.m.l[0].n;
      }),
  ],
  // tfjs alone would wait forever for these two.
  'an input that never comes': [
    'topology',
    () =>
      described(graph(), (d) => {
        d.m.l.at(-1).i = [[-5]];
      }),
  ],
  'a circle': [
    'topology',
    () =>
      described(graph(), (d) => {
        d.m.l[2].i = [[-1]];
        d.m.l[3].i = [[1]];
      }),
  ],
  'an output of a layer that is not there': [
    'topology',
    () =>
      described(graph(), (d) => {
        d.m.o = [[99, 0, 0]];
      }),
  ],
  'models nested without end': [
    'model-schema',
    () => replaced('{"n":"x","m":', '{"l":[{"c":"Sequential","n":"y","m":'),
  ],
  'lists nested without end': [
    'section-size',
    () => replaced('{"n":"x","m":{"l":[{"c":"Dense","n":"y","g":{"z":', '[', 200_000),
  ],
};

test.each(Object.entries(cases))('%s', async (_name, [code, bytes]) => {
  expect(await codeOf(await bytes())).toBe(code);
});

describe('mutations', () => {
  const typed = (error: unknown): boolean =>
    error instanceof PleatModelError || error instanceof PleatFormatError;

  test('any changed description is read, or refused with a typed error', async () => {
    const file = await encodeModel(graph());
    const { sections } = decodeContainer(file);
    const text = sections.flatMap((s) =>
      s.kind === 'bytes' && s.name === 'model' ? [inflateText(s.bytes)] : [],
    )[0] as string;
    const before = tf.memory().numTensors;
    await fc.assert(
      fc.asyncProperty(
        fc.array(
          fc.tuple(fc.nat(text.length - 1), fc.constantFrom(...'0123456789[]{},":-x"blgwnci')),
          {
            minLength: 1,
            maxLength: 3,
          },
        ),
        async (edits) => {
          let edited = text;
          for (const [at, letter] of edits)
            edited = edited.slice(0, at) + letter + edited.slice(at + 1);
          const bytes = encodeContainer(
            sections.map((s) =>
              s.kind === 'bytes' && s.name === 'model' ? { ...s, bytes: deflateText(edited) } : s,
            ),
          );
          try {
            inspectModel(bytes);
            for (const weight of (await decodeModel(bytes)).weights) weight.dispose();
          } catch (error) {
            if (!typed(error)) throw error;
          }
        },
      ),
      { numRuns: 400, seed: 1 },
    );
    expect(tf.memory().numTensors).toBe(before);
  });
});
