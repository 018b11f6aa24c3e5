import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { encodeModel } from '@pleat/mask';
import { createModel } from '@pleat/models';
import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, test } from 'vitest';
import { openModel } from '../src/files/pleat.ts';
import { built, start } from './cli-fixture.ts';
import { temporaryFolder } from './run-fixture.ts';

beforeAll(() => tf.setBackend('cpu'));

async function run(args: readonly string[]) {
  const { code, stdout, stderr } = await start(args).done;
  return { code, stderr, result: stdout.startsWith('{') ? JSON.parse(stdout) : null };
}

describe.skipIf(!built)('pleat convert and resize', () => {
  test('make a small plain model of a large one, by way of an integral one', async () => {
    const folder = temporaryFolder();
    const [plain, integral, small] = ['plain', 'integral', 'small'].map((name) =>
      join(folder, `${name}.pleat`),
    ) as [string, string, string];
    const model = createModel('resnet20', { width: 4, inputShape: [8, 8, 1], seed: 1 });
    writeFileSync(plain, await encodeModel(model, { metadata: { dataset: 'digits' } }));

    const refused = await run(['resize', plain, small, '--compression', '0.4']);
    expect(refused.stderr).toContain('pleat convert');
    expect(refused.code).toBe(2);
    expect(refused.stderr).toContain('pleat convert');

    const converted = await run(['convert', plain, integral, '--json']);
    expect(converted.code).toBe(0);
    expect(converted.result.variationAfter).toBeLessThan(converted.result.variationBefore);
    const x = tf.randomNormal([2, 8, 8, 1], 0, 1, 'float32', 3);
    const expected = model.predict(x) as tf.Tensor;
    const opened = await openModel(integral);
    expect(opened.metadata.dataset).toBe('digits');
    const got = opened.model.predict(x) as tf.Tensor;
    expect(got.sub(expected).abs().max().dataSync()[0]).toBeLessThan(1e-4);

    const resized = await run(['resize', integral, small, '--compression', '0.4', '--json']);
    expect(resized.code).toBe(0);
    expect(resized.result.compression).toBeGreaterThanOrEqual(0.4);
    const read = (await openModel(small)).model;
    const parameters = read.trainableWeights.reduce((sum, w) => sum + w.read().size, 0);
    expect(parameters).toBe(resized.result.parameters);
    expect(read.layers.some((layer) => layer.getClassName().includes('Integral'))).toBe(false);
  });

  test('name what is wrong', async () => {
    const missing = await run(['convert', 'nowhere.pleat', 'x.pleat']);
    expect(missing.stderr).toContain('no file or folder nowhere.pleat');
    const width = await run(['resize', 'a.pleat', 'b.pleat']);
    expect(width.code).toBe(2);
    expect(width.stderr).toContain('--compression');
  });
});
