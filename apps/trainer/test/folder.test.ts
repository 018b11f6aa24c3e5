import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, test } from 'vitest';
import { errorSentence } from '../src/cli/errors.ts';
import { readModelFolder, writeModelFolder } from '../src/files/folder.ts';
import { temporaryFolder } from './run-fixture.ts';

beforeAll(async () => {
  await tf.setBackend('cpu');
});

const dense = () => tf.sequential({ layers: [tf.layers.dense({ units: 3, inputShape: [2] })] });

const unlike = 'its model.json has no modelTopology and weightsManifest';

describe('a model folder', () => {
  test('comes back with the same weights', async () => {
    const model = dense();
    const path = join(temporaryFolder(), 'web', 'model');
    await writeModelFolder(path, model);
    const loaded = await readModelFolder(path);
    expect(loaded.getWeights().map((w) => [...w.dataSync()])).toEqual(
      model.getWeights().map((w) => [...w.dataSync()]),
    );
  });

  test.each([
    ['{}', unlike],
    ['{"modelTopology":{},"weightsManifest":{}}', unlike],
    ['{"modelTopology":null,"weightsManifest":[]}', unlike],
    ['null', unlike],
    [
      '{"format":"graph-model","modelTopology":{},"weightsManifest":[]}',
      'it holds a graph model, of which no layers are known; export a layers model',
    ],
  ])('with the model.json %s is refused', async (json, reason) => {
    const path = temporaryFolder();
    writeFileSync(join(path, 'model.json'), json);
    await expect(readModelFolder(path)).rejects.toThrow(
      `The model folder ${path} cannot be loaded: ${reason}`,
    );
  });

  test('where a file has its name already gives one sentence', async () => {
    const path = join(temporaryFolder(), 'file');
    writeFileSync(path, '');
    const error = await writeModelFolder(path, dense()).catch((e) => e);
    expect(errorSentence(error)).toBe(
      `Cannot use ${path}: something else has that name already; check the path, then repeat the command.`,
    );
  });
});
