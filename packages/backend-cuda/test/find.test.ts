import { describe, expect, test } from 'vitest';
import { DriverError } from '../src/driver/driver.ts';
import { CudaNotFoundError } from '../src/errors.ts';
import { findEngine, type Parts } from '../src/find.ts';
import { registerCuda } from '../src/index.ts';
import { standInCandidate, standInDriver } from './fixtures/stand-ins.ts';

const works = async () => undefined;

/** Runs with two engines that start, unless the test says otherwise. */
function find(
  changes: Partial<Parts> = {},
  { device = 0, prefer = 'torch' as 'torch' | 'tensorflow' } = {},
) {
  const parts: Parts = {
    openDriver: () => standInDriver(),
    candidates: [standInCandidate('torch'), standInCandidate('tensorflow')],
    prove: works,
    ...changes,
  };
  return findEngine({ device, prefer }, parts);
}

async function missing(promise: Promise<unknown>): Promise<CudaNotFoundError> {
  const error = await promise.then(
    () => undefined,
    (thrown) => thrown,
  );
  expect(error).toBeInstanceOf(CudaNotFoundError);
  return error;
}

describe('the engine that is taken', () => {
  test('is the preferred one, and the other is left alone', async () => {
    const candidates = [standInCandidate('torch'), standInCandidate('tensorflow')];
    expect(await find({ candidates })).toMatchObject({ engine: 'torch', info: { index: 0 } });
    expect(candidates[1]!.started).toBe(0);
    expect(await find({}, { prefer: 'tensorflow' })).toMatchObject({ engine: 'tensorflow' });
  });

  test('is the other when the preferred one does not start', async () => {
    const candidates = [
      standInCandidate('torch', { fails: 'it is too old' }),
      standInCandidate('tensorflow'),
    ];
    expect(await find({ candidates })).toMatchObject({ engine: 'tensorflow' });
  });

  test('is not one that computes wrongly', async () => {
    const prove = async (backend: string) => {
      if (backend === 'torch') throw new Error('a product of matrices gives 3 where 4 is right');
    };
    expect(await find({ prove })).toMatchObject({ engine: 'tensorflow' });
  });

  test('is not one that computes elsewhere', async () => {
    const candidates = [
      standInCandidate('torch', { device: 'cpu' }),
      standInCandidate('tensorflow', { device: 'cuda:1' }),
    ];
    const error = await missing(find({ candidates }));
    expect(error.missing).toEqual([
      { engine: 'torch', lacks: 'it computes on cpu where cuda:0 was asked for' },
      { engine: 'tensorflow', lacks: 'it computes on cuda:1 where cuda:0 was asked for' },
    ]);
  });

  test('is not one whose work the driver did not see', async () => {
    const error = await missing(find({ openDriver: () => standInDriver({ active: [] }) }));
    expect(error.missing[0]!.lacks).toBe(
      'it says cuda:0, but the driver saw no work of this process there',
    );
  });

  test('is on the GPU that was asked for', async () => {
    const openDriver = () => standInDriver({ count: 3, active: [2] });
    expect(await find({ openDriver }, { device: 2 })).toMatchObject({
      device: 'cuda:2',
      info: { index: 2 },
    });
  });
});

describe('the error when there is none', () => {
  test('lists each engine and what it lacks', async () => {
    const candidates = [
      standInCandidate('torch', { fails: 'built without CUDA; pip install torch.\n  at a stack' }),
      standInCandidate('tensorflow', { fails: 'libcudnn.so.8 cannot be loaded; install it' }),
    ];
    const { message } = await missing(find({ candidates }));
    expect(message.split('\n')).toEqual([
      'registerCuda: expected an engine that computes on cuda:0, found none; one of these has to be mended.',
      '  torch: built without CUDA; pip install torch',
      '  tensorflow: libcudnn.so.8 cannot be loaded; install it',
    ]);
  });

  test('is the driver’s when there is no driver: no engine is tried', async () => {
    const candidates = [standInCandidate('torch')];
    const openDriver = () => {
      throw new DriverError('there is no NVIDIA driver; install it');
    };
    const error = await missing(find({ openDriver, candidates }));
    expect(error.missing).toEqual([
      { engine: 'driver', lacks: 'there is no NVIDIA driver; install it' },
    ]);
    expect(candidates[0]!.started).toBe(0);
  });

  test.each([
    [0, 'the driver sees no GPU; ask for one of those'],
    [2, 'the driver numbers its GPUs 0 to 1; ask for one of those'],
  ])('tells how many GPUs of %i there are', async (count, text) => {
    const openDriver = () => standInDriver({ count });
    const { message } = await missing(find({ openDriver }, { device: 5 }));
    expect(message).toContain(text);
  });
});

describe('registerCuda', () => {
  test.each([
    [{ device: -1 }, 'expected device to be a whole number from 0 on, got -1'],
    [{ device: 0.5 }, 'got 0.5'],
    [{ prefer: 'rocm' as 'torch' }, `expected prefer to be 'torch' or 'tensorflow', got "rocm"`],
  ])('refuses %j', async (options, message) => {
    await expect(registerCuda(options)).rejects.toThrow(message);
  });
});
