import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { toIntegral } from '@pleat/integral';
import { encodeModel } from '@pleat/mask';
import { createModel } from '@pleat/models';
import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, test } from 'vitest';
import { openModel } from '../src/files/pleat.ts';
import { measureWidths } from '../src/integral/measure-widths.ts';
import { built, start, tinyTrain } from './cli-fixture.ts';
import { temporaryFolder } from './run-fixture.ts';

beforeAll(() => tf.setBackend('cpu'));

async function run(args: readonly string[]) {
  const { code, stdout, stderr } = await start(args).done;
  return { code, stderr, result: stdout.startsWith('{') ? JSON.parse(stdout) : null };
}

test('a curve narrows transformers by the dims within heads, which stay as many', async () => {
  const vit = createModel('vit', {
    dim: 16,
    depth: 1,
    heads: 4,
    patchSize: 4,
    inputShape: [8, 8, 1],
  });
  const model = toIntegral(vit, { order: 'identity' });
  const images = Uint8Array.from({ length: 8 * 64 }, (_, i) => (i * 37) % 256);
  const split = { images, labels: Uint8Array.from({ length: 8 }, (_, i) => i), length: 8 };
  const data = {
    ...{
      name: 'made up',
      classes: [...'0123456789'],
      shape: [8, 8, 1] as [number, number, number],
    },
    ...{ train: split, validation: split, test: null, mean: [0.5], std: [0.3] },
  };
  const plan = { shares: [1, 0.5], league: 'all', repairs: ['none'], batches: 1 } as const;
  const rows = await measureWidths(model, { data, split }, plan, [], () => undefined);
  expect(rows.map(({ share }) => share)).toEqual([1, 0.5]);
  expect(rows[1]!.parameters).toBeLessThan(rows[0]!.parameters);
});

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
    // No width is asked for, and the file has none.
    const asIs = await run(['resize', integral, small]);
    expect(asIs.code).toBe(2);
    expect(asIs.stderr).toContain('--compression');
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

  test('repair on the way, with and without images, and measure', async () => {
    const folder = temporaryFolder();
    const at = (name: string) => join(folder, name);
    const model = createModel('resnet20', { width: 4, inputShape: [28, 28, 1], seed: 1 });
    const metadata = { dataset: 'fashion-mnist-subset' };
    writeFileSync(at('plain.pleat'), await encodeModel(model, { metadata }));
    await run(['convert', at('plain.pleat'), at('integral.pleat')]);
    const outputs = [];
    const x = tf.randomNormal([2, 28, 28, 1], 0, 1, 'float32', 3);
    for (const repair of ['none', 'rescale', 'statistics', 'least-squares']) {
      const file = at(`${repair}.pleat`);
      const engine = ['--engine', 'wasm', '--repair-batches', '1'];
      const args = ['resize', at('integral.pleat'), file, '--compression', '0.4', ...engine];
      const { code, stderr, result } = await run([...args, '--repair', repair, '--json']);
      expect(code, stderr).toBe(0);
      expect(result.repair).toBe(repair);
      outputs.push([...((await openModel(file)).model.predict(x) as tf.Tensor).dataSync()]);
    }
    // Each repair leaves another model.
    expect(new Set(outputs.map(String)).size).toBe(4);
    const curve = [
      'curve',
      at('integral.pleat'),
      '--engine',
      'wasm',
      '--repair',
      'none',
      'rescale',
    ];
    const first = await run([...curve, '--shares', '1,0.5', '--json']);
    expect(first.code, first.stderr).toBe(0);
    const { rows } = first.result;
    expect(
      rows.map(({ share, repair }: { share: number; repair: string }) => [share, repair]),
    ).toEqual([
      [1, 'none'],
      [0.5, 'none'],
      [1, 'rescale'],
      [0.5, 'rescale'],
    ]);
    const drawn = at('integral-curve');
    expect(readFileSync(join(drawn, 'curve.html'), 'utf8')).toContain('<svg role="img"');
    expect(readFileSync(join(drawn, 'curve.csv'), 'utf8').trim().split('\n')).toHaveLength(5);
    // What the folder holds is not measured again; another width is.
    const more = await run([...curve, '--shares', '1,0.75,0.5', '--json']);
    expect(more.stderr).not.toContain('0.5 of the channels');
    expect(more.stderr).toContain('0.75 of the channels');
    expect(more.result.rows.filter(({ share }: { share: number }) => share !== 0.75)).toEqual(rows);
    const refused = await run([
      'resize',
      'a.pleat',
      'b.pleat',
      '--compression',
      '0.4',
      '--repair',
      'luck',
    ]);
    expect(refused.stderr).toContain('least-squares');
    expect(refused.code).toBe(2);
  });

  test('tune positions, and after Ctrl-C go on to the same bytes', async () => {
    const cwd = temporaryFolder();
    const input = tf.input({ shape: [28, 28, 1] });
    const conv = { kernelSize: 5, strides: 3, activation: 'relu' as const };
    let x = tf.layers.conv2d({ ...conv, name: 'a', filters: 8 }).apply(input);
    x = tf.layers.conv2d({ ...conv, name: 'b', filters: 8 }).apply(x);
    x = tf.layers.dense({ name: 'c', units: 10 }).apply(tf.layers.flatten().apply(x));
    const model = tf.model({ inputs: input, outputs: x as tf.SymbolicTensor });
    const metadata = { dataset: 'fashion-mnist-subset' };
    writeFileSync(join(cwd, 'plain.pleat'), await encodeModel(model, { metadata }));
    const pleat = (...args: string[]) => start(args, cwd);
    await pleat('convert', 'plain.pleat', 'integral.pleat').done;
    const tune = (out: string, ...more: string[]) =>
      pleat(
        ...['tune', 'integral.pleat', out, '--compression', '0.4', '--biases', '--engine', 'wasm'],
        ...['--images', '200', '--epochs', '40', '--checkpoint-every', '3', ...more],
      );
    const whole = await tune('whole.pleat', '--json').done;
    expect(whole.code, whole.stderr).toBe(0);
    const { losses, before, after, compression } = JSON.parse(whole.stdout);
    expect(losses).toHaveLength(160);
    const mean = (values: number[]) => values.reduce((a, b) => a + b, 0) / values.length;
    expect(mean(losses.slice(-20))).toBeLessThan(mean(losses.slice(0, 20)));
    expect(before).not.toBe(after);
    expect(compression).toBeGreaterThanOrEqual(0.4);

    const stopped = tune('other.pleat');
    while (!existsSync(join(cwd, 'other.pleat.partial'))) {
      expect(stopped.child.exitCode).toBe(null);
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    stopped.child.kill('SIGINT');
    const end = await stopped.done;
    expect(end.code, end.stderr).toBe(130);
    expect(end.stderr).toContain('go on with the same command and --resume');
    expect(existsSync(join(cwd, 'other.pleat'))).toBe(false);
    expect((await tune('other.pleat').done).stderr).toContain('go on with --resume');
    const other = await tune('other.pleat', '--resume', '--learning-rate', '0.1').done;
    expect(other.stderr).toContain('another learningRate (0.005, now 0.1)');
    const resumed = await tune('other.pleat', '--resume').done;
    expect(resumed.code, resumed.stderr).toBe(0);
    expect(resumed.stderr).toMatch(/Resuming at step \d+ of 160/);
    const bytes = (file: string) => readFileSync(join(cwd, file));
    expect(bytes('other.pleat').equals(bytes('whole.pleat'))).toBe(true);
    expect(existsSync(join(cwd, 'other.pleat.partial'))).toBe(false);

    // The plain model at that width is what was tuned.
    const small = await pleat('resize', 'whole.pleat', 'small.pleat', '--json').done;
    expect(JSON.parse(small.stdout).compression).toBe(compression);
    const measured = await pleat(
      'eval',
      'small.pleat',
      '--split',
      'validation',
      '--engine',
      'wasm',
      '--json',
    ).done;
    expect(JSON.parse(measured.stdout).accuracy).toBe(after);
  });

  test.each([
    [['--kind', 'magic'], 'trainable, shared'],
    [['--epochs', '0'], '--epochs takes a whole number of at least 1.'],
    [['--learning-rate', '-1'], '--learning-rate takes a number above 0.'],
    [['--compression', '2'], '--compression takes a share from 0 to below 1.'],
    [['--resume', '--overwrite'], '--resume and --overwrite exclude each other'],
  ])('tune %j is refused in one sentence', async (flags, sentence) => {
    const { code, stderr } = await run(['tune', 'a.pleat', 'b.pleat', ...flags]);
    expect(stderr).toContain(sentence);
    expect(stderr.trim().split('\n')).toHaveLength(1);
    expect(code).toBe(2);
  });

  test('come after training: from scratch, and from a trained model', async () => {
    const cwd = temporaryFolder();
    const wasm = ['--engine', 'wasm', '--epochs', '1'];
    const scratch = await start(
      [...tinyTrain('scratch', '--method', 'integral', ...wasm), '--json'],
      cwd,
    ).done;
    expect(scratch.code, scratch.stderr).toBe(0);
    const { widths, test: images } = JSON.parse(scratch.stdout);
    expect(widths.map(({ share }: { share: number }) => share).slice(0, 3)).toEqual([1, 0.9, 0.75]);
    const html = readFileSync(join(cwd, 'scratch/report.html'), 'utf8');
    expect(html).toContain('Accuracy at other widths');
    // The file is an integral model: what was measured on it is measured again, and it can be resized.
    const again = await start(['eval', 'scratch/model.pleat', '--engine', 'wasm', '--json'], cwd)
      .done;
    expect(JSON.parse(again.stdout).correct).toBe(images.correct);
    const small = await start(
      ['resize', 'scratch/model.pleat', 'small.pleat', '--compression', '0.3'],
      cwd,
    ).done;
    expect(small.code, small.stderr).toBe(0);

    const train = (...args: string[]) =>
      start(
        ['train', '--limit', '64', '--batch', '32', '--validation', '50', ...wasm, ...args],
        cwd,
      ).done;
    // A plain model goes on as it is, or becomes integral; an integral one stays so.
    for (const [from, method] of [
      ['small.pleat', 'dense'],
      ['small.pleat', 'integral'],
      ['scratch/model.pleat', 'integral'],
    ] as const) {
      const end = await train(
        '--from',
        from,
        '--method',
        method,
        '--out',
        `${method}-${from.length}`,
        '--json',
      );
      expect(end.code, end.stderr).toBe(0);
      expect(JSON.parse(end.stdout).steps).toBe(2);
    }
    const refused = await train(
      '--from',
      'scratch/model.pleat',
      '--method',
      'dense',
      '--out',
      'no',
    );
    expect(refused.code).toBe(2);
    expect(refused.stderr).toContain('is an integral model; train it with --method integral');
  });

  test('name what is wrong', async () => {
    const missing = await run(['convert', 'nowhere.pleat', 'x.pleat']);
    expect(missing.stderr).toContain('no file or folder nowhere.pleat');
    const absent = await run(['resize', 'nowhere.pleat', 'b.pleat']);
    expect(absent.code).toBe(1);
    expect(absent.stderr).toContain('no file or folder nowhere.pleat');
  });
});
