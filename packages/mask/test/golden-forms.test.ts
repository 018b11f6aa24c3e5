import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { decodeContainer } from '@pleat/codec';
import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, test } from 'vitest';
import { decodeModel, encodeModel, inspectModel } from '../src/index.ts';
import { forms } from './golden-forms.ts';

beforeAll(async () => {
  await tf.setBackend('cpu');
});

const pathOf = (name: string) => new URL(`./golden/${name}.pleat`, import.meta.url);
const read = (name: string) => new Uint8Array(readFileSync(pathOf(name)));

/** Files are written once, by PLEAT_GOLDEN=write, and then never again: those that are there stay. */
async function writeMissing(name: string): Promise<void> {
  const { build, options } = forms[name]!;
  if (!existsSync(pathOf(name))) writeFileSync(pathOf(name), await encodeModel(build(), options));
}

// Weights that went through float16, or through a sum in float32, are near what float64 says; all others are the very numbers.
const digits: Record<string, number> = { 'norms-folded': 3.3, 'norms-recomputed': 5 };

describe.each(Object.entries(forms))('%s', (name, { build, options, calibrate, expected }) => {
  beforeAll(async () => {
    if (process.env.PLEAT_GOLDEN === 'write') await writeMissing(name);
  });

  test('is read as what plain arithmetic gives', async () => {
    const model = await decodeModel(read(name), calibrate && { calibrate: calibrate() });
    const found = model.getWeights().map((weight) => [...weight.dataSync()]);
    expect(found.map(({ length }) => length)).toEqual(expected.map(({ length }) => length));
    found.forEach((weight, w) => {
      const wrong = weight.findIndex((value, i) => {
        const wanted = expected[w]![i]!;
        const near = digits[name];
        return near === undefined
          ? !Object.is(value, Math.fround(wanted))
          : !(Math.abs(value - wanted) <= 10 ** -near * Math.max(1, Math.abs(wanted)));
      });
      expect([wrong, weight[wrong]], `weight ${w}`).toEqual([-1, undefined]);
    });
  });

  test('is what the encoder still writes', async () => {
    const model = build();
    expect(Buffer.compare(await encodeModel(model, options), read(name))).toBe(0);
  });
});

test('the files hold what they are named for', () => {
  const described = (name: string) => inspectModel(read(name));
  const bundle = (name: string) => {
    const section = decodeContainer(read(name)).sections.find((s) => s.name === 'masks/0');
    return section?.kind === 'bytes' ? section.bytes : new Uint8Array();
  };
  const formsOf = (name: string) => described(name).weights.map(({ form }) => form);
  expect(formsOf('ternary')).toEqual(['ternary', 'float32']);
  // Raw is 0, range coded is 1, with hints is 2.
  expect(bundle('hints')[0]).toBe(2);
  expect(described('learned-keep').sections.map(({ name }) => name)).toContain('masks/0');
  expect(formsOf('frozen-folded')[2]).toBe('same');
  expect(described('bundles').sections.map(({ name }) => name)).toEqual(
    expect.arrayContaining(['masks/0', 'masks/1']),
  );
  expect(described('norms-recomputed').recompute).toBe(true);
  expect(formsOf('norms-folded').slice(3)).toEqual(['constant', 'constant']);
  expect(formsOf('pruned')).toEqual(['sparse', 'float32', 'sparse', 'float32']);
});
