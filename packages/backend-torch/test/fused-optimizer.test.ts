import { readFileSync } from 'node:fs';
import { adam, adamw, type SlotOptimizer, sgd } from '@pleat/optim';
import * as tf from '@tensorflow/tfjs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { profileTorch, registerTorch, type TorchMemory } from '../src/index.ts';
import { torchFolder } from './found.ts';

interface Case {
  optimizer: 'adam' | 'adamw' | 'sgd';
  options: Record<string, number | boolean>;
  values: number[][];
}
const file = new URL('fixtures/optimizers.json', import.meta.url);
const { shapes, steps, starts, cases } = JSON.parse(readFileSync(file, 'utf8')) as {
  shapes: number[][];
  steps: number;
  starts: number[][];
  cases: Case[];
};
const makers = { adam, adamw, sgd };
const make = ({ optimizer, options }: Case): SlotOptimizer =>
  makers[optimizer]({ learningRate: 1, filter: 'all', ...options });

const gradientAt = (t: number, v: number) =>
  tf.tensor(
    starts[v]!.map((start, i) => Math.sin(t * (i + 1) + v) + 0.1 * start),
    shapes[v]!,
  );
const variablesAtStart = () =>
  tf.tidy(() => starts.map((start, v) => tf.variable(tf.tensor(start, shapes[v]!))));

/** Trains from step `from` (counted from 1) to before `to`. */
function train(optimizer: SlotOptimizer, variables: tf.Variable[], from: number, to: number): void {
  for (let t = from; t < to; t++) {
    optimizer.learningRate = 0.01 * (1 + ((t - 1) % 3));
    const gradients = variables.map(({ name }, v) => ({ name, tensor: gradientAt(t, v) }));
    optimizer.applyGradients(gradients);
    tf.dispose(gradients.map(({ tensor }) => tensor));
  }
}

const read = (variables: tf.Tensor[]) => variables.map((variable) => [...variable.dataSync()]);

function distance(found: number[][], wanted: number[][]): number {
  const pairs = found.flatMap((row, v) => row.map((value, i) => [value, wanted[v]![i]!] as const));
  return Math.max(...pairs.map(([a, b]) => Math.abs(a - b) / Math.max(1, Math.abs(b))));
}

function run(one: Case): number[][] {
  const variables = variablesAtStart();
  const optimizer = make(one);
  train(optimizer, variables, 1, steps + 1);
  const values = read(variables);
  tf.dispose(variables);
  optimizer.dispose();
  return values;
}

/** How often the kernels of lists run while `body` does. */
async function fusedCalls(body: () => void): Promise<number> {
  const { kernels } = await tf.profile(body);
  return kernels.filter(({ name }) => name.startsWith('PleatFused')).length;
}

describe.skipIf(torchFolder === undefined)('fused optimisers on libtorch', () => {
  beforeAll(async () => {
    await registerTorch({ path: torchFolder!, threads: 1 });
  });
  afterAll(async () => {
    await tf.setBackend('cpu');
  });

  describe.each(cases)('$optimizer $options', (one) => {
    test('lead in 50 steps where float64 PyTorch does, and where the unfused do', async () => {
      await tf.setBackend('torch');
      const fused = run(one);
      expect(distance(fused, one.values)).toBeLessThan(3e-6);
      await tf.setBackend('cpu');
      expect(distance(fused, run(one))).toBeLessThan(3e-6);
    });

    test('update all variables in one call, leaving no tensor behind', async () => {
      await tf.setBackend('torch');
      const variables = variablesAtStart();
      const optimizer = make(one);
      train(optimizer, variables, 1, 2);
      const before = tf.memory().numTensors;
      expect(await fusedCalls(() => train(optimizer, variables, 2, 5))).toBe(3);
      expect(tf.memory().numTensors).toBe(before);
      tf.dispose(variables);
      optimizer.dispose();
    });

    test('go on from a saved state bit for bit', async () => {
      await tf.setBackend('torch');
      const straight = run(one);
      const [first, before] = [variablesAtStart(), make(one)];
      train(before, first, 1, 20);
      const second = tf.tidy(() => first.map((x) => tf.variable(tf.tensor(x.dataSync(), x.shape))));
      const after = make(one);
      await after.setWeights(await before.getWeights());
      train(after, second, 20, steps + 1);
      expect(read(second)).toEqual(straight);
      tf.dispose([...first, ...second]);
      before.dispose();
      after.dispose();
    });
  });

  test('write over no data that another tensor shares', async () => {
    await tf.setBackend('torch');
    const initial = tf.tensor1d([1, 2]);
    const variable = tf.variable(initial);
    const optimizer = adamw({ learningRate: 0.1 });
    const step = () => optimizer.applyGradients({ [variable.name]: variable.clone() });
    step();
    expect([...initial.dataSync()]).toEqual([1, 2]);
    const clone = variable.clone();
    const row = variable.reshape([2, 1]);
    const values = [...variable.dataSync()];
    step();
    expect([...clone.dataSync()]).toEqual(values);
    expect([...row.dataSync()]).toEqual(values);
    expect([...variable.dataSync()]).not.toEqual(values);
    expect(tf.getBackend()).toBe('torch');
  });

  // Whoever keeps what was computed from a variable knows by its id whether that still holds.
  test.each(['adam', 'adamw', 'sgd'] as const)(
    '%s updates in place where nothing shares the data, under a new id',
    async (name) => {
      await tf.setBackend('torch');
      const variable = tf.tidy(() => tf.variable(tf.ones([1000])));
      const optimizer = makers[name]({ learningRate: 0.1 });
      const gradient = tf.ones([1000]);
      const update = () => optimizer.applyGradients({ [variable.name]: gradient });
      update();
      const { dataId } = variable;
      const before = tf.memory() as unknown as TorchMemory & tf.MemoryInfo;
      const { calls } = profileTorch(update);
      expect(calls.filter(({ name }) => name === 'aten::clone')).toEqual([]);
      expect(tf.memory()).toMatchObject({
        numTensors: before.numTensors,
        numDataBuffers: before.numDataBuffers,
        numBytes: before.numBytes,
        torchBytes: before.torchBytes,
      });
      expect(variable.dataId).not.toBe(dataId);
      expect(variable.dataSync()[999]).toBeCloseTo(0.8, 6);
    },
  );

  test('group by decay, and by the step of a variable that joins late', async () => {
    const late = (backend: string) => {
      const variables = variablesAtStart();
      const optimizer = adamw({ learningRate: 1, weightDecay: 0.3 });
      train(optimizer, variables.slice(0, 2), 1, 10);
      train(optimizer, variables, 10, 30);
      expect(tf.getBackend()).toBe(backend);
      return read(variables);
    };
    await tf.setBackend('torch');
    const fused = late('torch');
    await tf.setBackend('cpu');
    expect(distance(fused, late('cpu'))).toBeLessThan(3e-6);
  });

  test('refuse a gradient of another shape', async () => {
    await tf.setBackend('torch');
    const variable = tf.variable(tf.ones([4]));
    expect(() =>
      adamw({ learningRate: 0.1 }).applyGradients({ [variable.name]: tf.ones([2]) }),
    ).toThrow(/expected float32 of \[4\].*found float32 of \[2\]/);
  });
});
