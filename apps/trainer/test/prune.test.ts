import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, test } from 'vitest';
import { writeModel } from '../src/files/write.ts';
import { built, run, start } from './cli-fixture.ts';
import { temporaryFolder } from './run-fixture.ts';

beforeAll(() => tf.setBackend('cpu'));

/** A model of Fashion-MNIST's form, untrained, as a tfjs folder. */
async function folder(): Promise<string> {
  const path = join(temporaryFolder(), 'model');
  const model = tf.sequential({
    layers: [
      tf.layers.conv2d({
        name: 'a',
        filters: 8,
        kernelSize: 5,
        strides: 4,
        activation: 'relu',
        inputShape: [28, 28, 1],
      }),
      tf.layers.conv2d({ name: 'b', filters: 8, kernelSize: 3, activation: 'relu' }),
      tf.layers.flatten(),
      tf.layers.dense({ name: 'c', units: 10 }),
    ],
  });
  await writeModel(path, model, {});
  return path;
}

describe.skipIf(!built)('pleat prune', () => {
  test('writes a smaller model of the same form and measures both', async () => {
    const from = await folder();
    const to = join(temporaryFolder(), 'small.pleat');
    const args = [
      'prune',
      from,
      to,
      '--compression',
      '0.5',
      '--criterion',
      'zeros',
      '--images',
      '64',
    ];
    const { code, stdout, stderr } = await run([
      ...args,
      '--dataset',
      'fashion-mnist-subset',
      '--engine',
      'cpu',
      '--json',
    ]);
    expect(stderr).not.toContain('error');
    expect(code).toBe(0);
    const { before, after, report } = JSON.parse(stdout);
    expect(before.images).toBe(1000);
    expect(after.images).toBe(1000);
    // 5 x 5 x 8 + 8, 3 x 3 x 8 x 8 + 8, and 4 x 4 x 8 x 10 + 10.
    expect(report.before.parameters).toBe(208 + 584 + 1290);
    expect(report.compression.parameters).toBeCloseTo(0.5, 1);
    const measured = await run([
      'eval',
      to,
      '--split',
      'validation',
      '--dataset',
      'fashion-mnist-subset',
      '--engine',
      'cpu',
      '--json',
    ]);
    expect(JSON.parse(measured.stdout).correct).toBe(after.correct);
  });

  test('tells how far it is, and after Ctrl-C goes on to the same bytes', async () => {
    const [from, cwd] = [await folder(), temporaryFolder()];
    const at = (name: string) => join(cwd, name);
    const prune = (out: string, ...more: string[]) => {
      const options = ['--criterion', 'variance', '--dataset', 'fashion-mnist-subset'];
      const plan = ['--compression', '0.5', '--images', '640', '--engine', 'cpu'];
      return start(['prune', from, at(out), ...options, ...plan, ...more], cwd);
    };
    const whole = await prune('whole.pleat', '--json').done;
    expect(whole.code, whole.stderr).toBe(0);
    for (const phase of ['feature maps of 640', 'before on 1000', 'after on 1000']) {
      expect(whole.stderr).toContain(phase);
    }
    expect(existsSync(at('whole.pleat.partial'))).toBe(false);

    // While it watches nothing is kept.
    const early = prune('other.pleat');
    await early.said('Watching feature maps');
    early.child.kill('SIGINT');
    const first = await early.done;
    expect(first.code, first.stderr).toBe(130);
    expect(first.stderr).toContain('the same command starts anew');
    expect(existsSync(at('other.pleat.partial'))).toBe(false);

    const stopped = prune('other.pleat', '--resume');
    await stopped.said('Measuring after');
    stopped.child.kill('SIGINT');
    const end = await stopped.done;
    expect(end.code, end.stderr).toBe(130);
    expect(end.stderr).toContain('Nothing to resume');
    expect(end.stderr).toContain('go on with the same command and --resume');
    expect(existsSync(at('other.pleat'))).toBe(false);

    expect((await prune('other.pleat').done).stderr).toContain('go on with --resume');
    const other = await prune('other.pleat', '--resume', '--seed', '3').done;
    expect(other.code).toBe(2);
    expect(other.stderr).toContain('another seed (0, now 3)');
    const resumed = await prune('other.pleat', '--resume', '--json').done;
    expect(resumed.code, resumed.stderr).toBe(0);
    expect(resumed.stderr).toContain('pruned and measured before already');
    expect(resumed.stderr).not.toContain('Watching');
    expect(resumed.stderr).not.toContain('before on 1000');
    expect(readFileSync(at('other.pleat')).equals(readFileSync(at('whole.pleat')))).toBe(true);
    const said = (text: string) => ({ ...JSON.parse(text), out: '', files: [] });
    expect(said(resumed.stdout)).toEqual(said(whole.stdout));
    expect(existsSync(at('other.pleat.partial'))).toBe(false);
    const again = await prune('other.pleat', '--resume').done;
    expect(again.code).toBe(0);
    expect(again.stderr).toContain('finished already');
  });

  test.each([
    [['--compression', '2'], '--compression takes a number from 0 to below 1.'],
    [['--compression', '0.999'], 'with one channel left in each of 2 groups'],
    [['--compression', '0.5', '--criterion', 'mean'], 'names no data set; name one with --dataset'],
    [['--compression', '0.5', '--images', '0'], '--images takes a whole number of at least 1.'],
    [['--compression', '0.5', '--resume', '--overwrite'], 'exclude each other'],
    [[], "Required option '--compression <share>' not specified"],
  ])('%j is refused in one sentence', async (flags, sentence) => {
    const { code, stderr } = await run([
      'prune',
      await folder(),
      'nowhere',
      '--engine',
      'cpu',
      ...flags,
    ]);
    expect(stderr).toContain(sentence);
    expect(stderr.trim().split('\n')).toHaveLength(1);
    expect(code).toBe(2);
  });
});
