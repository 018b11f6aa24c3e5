import { mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { datasetNames as knownDatasets } from '@pleat/datasets';
import { modelNames as knownModels } from '@pleat/models';
import { describe, expect, test } from 'vitest';
import { UsageError } from '../src/cli/errors.ts';
import { readConfigFile } from '../src/config/file.ts';
import { resolveConfig } from '../src/config/resolve.ts';
import { resumeConfig } from '../src/config/resume.ts';
import { datasetNames, modelNames, trainOptions } from '../src/config/schema.ts';
import { suggest } from '../src/config/suggest.ts';

const resolve = (options: Record<string, unknown>) =>
  resolveConfig({ options, origin: 'the command line' });

describe('a configuration', () => {
  test('knows the models and data sets the packages know', () => {
    expect([...modelNames].sort()).toEqual([...knownModels].sort());
    expect([...datasetNames].sort()).toEqual([...knownDatasets].sort());
  });

  test('describes every option', () => {
    for (const { key, description } of trainOptions()) expect(description, key).not.toBe('');
  });

  test('of nothing is complete and leaves out what does not apply', () => {
    const config = resolve({});
    expect(config).toMatchObject({
      model: 'convmixer',
      method: 'mask',
      learner: 'signed',
      seed: 0,
    });
    expect(config).toMatchObject({ dim: 64, learningRate: 0.02 });
    expect(config.out).toBe('runs/fashion-mnist-subset-convmixer-mask');
    for (const key of ['keep', 'heads', 'momentum', 'warmup'])
      expect(config).not.toHaveProperty(key);
  });

  test('gives signed masks magnitudes that differ, and the other learners one', () => {
    expect(resolve({}).distribution).toBe('kaiming-normal');
    expect(resolve({ learner: 'edge-popup' }).distribution).toBe('signed-constant');
    expect(resolve({ distribution: 'uniform' }).distribution).toBe('uniform');
  });

  test('resolves to itself', () => {
    const once = resolve({ method: 'dense', model: 'vit', optimizer: 'sgd', epochs: 3 });
    expect(resolve(once)).toEqual(once);
    const from = resolve({ method: 'integral', from: 'runs/first/model.pleat', sandwich: true });
    expect(resolve(from)).toEqual(from);
    expect(from).toMatchObject({ order: 'tsp', minWidth: 0.5, selfDistill: false });
    expect(from).not.toHaveProperty('model');
    expect(from.out).toBe('runs/fashion-mnist-subset-model-integral');
    expect(resolve({ method: 'integral' })).toMatchObject({ order: 'identity', dim: 64 });
  });

  test('takes a later source over an earlier one, and an undefined flag over nothing', () => {
    const config = resolveConfig(
      { options: { epochs: 3, batch: 32 }, origin: 'run.yaml' },
      { options: { epochs: 5, batch: undefined }, origin: 'the command line' },
    );
    expect(config).toMatchObject({ epochs: 5, batch: 32 });
  });

  test.each([
    [{ epocs: 3 }, 'Unknown option "epocs" in the command line; did you mean "epochs"?'],
    [
      { zzzzzz: 3 },
      'Unknown option "zzzzzz" in the command line; see pleat train --help for all of them.',
    ],
    [{ model: 'convmixr' }, '--model takes one of .*, found "convmixr"; did you mean "convmixer"?'],
    [{ epochs: 0 }, '--epochs: expected number to be >=1, found 0.'],
    [{ epochs: 1.5 }, '--epochs: expected an integer, found 1.5.'],
    [{ epochs: 'many' }, '--epochs: expected number, found "many".'],
    [{ learningRate: Infinity }, '--learning-rate: expected number, found Infinity.'],
    [{ threads: 0 }, '--threads: .*, found 0.'],
    [{ validation: 1.5 }, '--validation: .*, found 1.5.'],
    [{ ratio: 2 }, '--ratio: expected number to be <=1, found 2.'],
    [{ seed: -1 }, '--seed: expected number to be >=0, found -1.'],
    [{ from: 'a.pleat' }, '--from has a meaning only with --method dense or --method integral'],
    [
      { method: 'integral', from: 'a.pleat', model: 'vit' },
      '--model has a meaning only with a new model, without --from',
    ],
    [
      { method: 'integral', selfDistill: true },
      '--self-distill has a meaning only with --method integral --sandwich',
    ],
    [{ method: 'integral', minWidth: 0 }, '--min-width: expected number to be >0, found 0.'],
    [{ method: 'dense', learner: 'signed' }, '--learner has a meaning only with --method mask'],
    [
      { strategy: 'full', ratio: 0.1 },
      '--ratio has a meaning only with --method mask --strategy random-vector',
    ],
    [
      { distribution: 'signed-constant', ratio: 0.1 },
      '--ratio has a meaning only with another --learner than signed or another --distribution',
    ],
    [{ keep: 0.3 }, '--keep has a meaning only with --method mask and --learner edge-popup'],
    [{ heads: 2 }, '--heads has a meaning only with --model vit'],
    [{ model: 'resnet20', dim: 8 }, '--dim has a meaning only with'],
    [{ model: 'vit', width: 8 }, '--width has a meaning only with a ResNet, a VGG or --model nin'],
    [{ model: 'vgg11', batchNorm: true }, '--batch-norm has a meaning only with --model nin'],
    [{ momentum: 0.9 }, '--momentum has a meaning only with --optimizer sgd'],
    [{ validation: 0, select: 'best' }, '--select best needs a validation split'],
  ])('refuses %j in one sentence', (options, message) => {
    let found: unknown;
    try {
      resolve(options);
    } catch (error) {
      found = error;
    }
    expect(found).toBeInstanceOf(UsageError);
    expect((found as UsageError).exitCode).toBe(2);
    expect((found as UsageError).message).toMatch(new RegExp(message.replaceAll('?', '\\?')));
    expect((found as UsageError).message).not.toContain('\n');
  });

  test('without a validation split keeps the last epoch', () => {
    expect(resolve({ validation: 0 }).select).toBe('last');
  });
});

describe('a configuration file', () => {
  const write = async (name: string, text: string) => {
    const path = join(await mkdtemp(join(tmpdir(), 'pleat-config-')), name);
    await writeFile(path, text);
    return path;
  };

  test('may be JSON or YAML', async () => {
    const yaml = await write('a.yaml', 'epochs: 3\naugmentation:\n  - name: flip\n');
    const json = await write('a.json', '{"epochs":3,"augmentation":[{"name":"flip"}]}');
    expect(await readConfigFile(yaml)).toEqual(await readConfigFile(json));
  });

  test.each([
    ['a.toml', 'epochs = 3', 'takes a .json, .yaml or .yml file'],
    ['a.json', '{"epochs":', 'is not JSON'],
    ['a.yaml', 'epochs: [3', /is not YAML: .* at line \d, column \d+; correct it there\.$/],
    ['a.yaml', '- 1\n- 2\n', 'must hold options by name'],
    ['a.yaml', '', 'must hold options by name'],
  ])('%s with %j is refused', async (name, text, message) => {
    const path = await write(name, text);
    await expect(readConfigFile(path)).rejects.toThrow(message);
    await expect(readConfigFile(path)).rejects.toBeInstanceOf(UsageError);
  });

  test('that is missing is refused', async () => {
    await expect(readConfigFile('nowhere/a.json')).rejects.toThrow(
      'There is no configuration file',
    );
  });
});

describe('a resumed configuration', () => {
  const origin = 'runs/a/config.json';
  const saved = { options: resolve({ epochs: 4, engine: 'wasm' }), origin };
  const split = { options: resolve({ epochs: 4, engine: 'torch', threads: 2 }), origin };
  const resume = (options: Record<string, unknown>, from = saved) =>
    resumeConfig(from, [{ options, origin: 'the command line' }]);

  test('is the saved one', () => {
    expect(resume({})).toEqual(saved.options);
    expect(resume({ epochs: 4, engine: 'auto' })).toEqual(saved.options);
  });

  test('lets what decides no bit change', () => {
    expect(resume({ workers: 0, threads: 1, checkpointEvery: 7 })).toMatchObject({
      workers: 0,
      threads: 1,
      checkpointEvery: 7,
    });
  });

  test('keeps the threads of an engine whose sums depend on them', () => {
    expect(resume({ threads: 2, engine: 'auto' }, split)).toEqual(split.options);
    expect(resume({ threads: 'auto' }, split)).toEqual(split.options);
    expect(() => resume({ threads: 1 }, split)).toThrow('--threads is 1 in the command line but 2');
  });

  test.each([
    [{ epochs: 5 }, '--epochs is 5 in the command line but 4 in runs/a/config.json'],
    [{ seed: 1 }, '--seed is 1'],
    [{ keep: 0.2 }, '--keep'],
    [{ epocs: 5 }, 'Unknown option "epocs" in the command line; did you mean "epochs"'],
    [{ limit: 5 }, '--limit was not set in runs/a/config.json'],
  ])('refuses %j', (options, message) => {
    expect(() => resume(options)).toThrow(message);
  });
});

test('a suggestion is near or absent', () => {
  expect(suggest('learning-rate', ['learningRate', 'label'])).toBe('learningRate');
  expect(suggest('btach', ['batch', 'epochs'])).toBe('batch');
  expect(suggest('xyz', ['batch', 'epochs'])).toBeUndefined();
});
