import { describe, expect, test } from 'vitest';
import { UsageError } from '../src/cli/errors.ts';
import { explainEngine, startEngine } from '../src/engines/registry.ts';
import type { Engine, EngineName } from '../src/engines/types.ts';

/** An engine that is there or not, and starts or not. */
function engine(name: EngineName, { missing = '', broken = '' } = {}): Engine {
  return {
    name,
    summary: name,
    find: async () =>
      missing ? { available: false, detail: missing } : { available: true, detail: name },
    start: async () => {
      if (missing || broken) throw new UsageError(missing || broken);
      return { name, backend: name, threads: 2, detail: `version 1 of ${name}` };
    },
  };
}

const options = { threads: 'auto' } as const;

describe('--engine auto', () => {
  const cuda = engine('cuda', { missing: 'there is no GPU' });

  test('takes the first that is there, and says why not the ones before', async () => {
    const started = await startEngine('auto', options, [cuda, engine('torch'), engine('wasm')]);
    expect(started.name).toBe('torch');
    expect(explainEngine(started)).toBe(
      'engine torch (version 1 of torch, 2 threads); not cuda: there is no GPU',
    );
  });

  test('goes on to the next when one is there but does not start', async () => {
    const torch = engine('torch', { broken: 'its libc10 is damaged' });
    const started = await startEngine('auto', options, [cuda, torch, engine('wasm')]);
    expect(started.name).toBe('wasm');
    expect(started.passedOver).toEqual([
      { name: 'cuda', why: 'there is no GPU' },
      { name: 'torch', why: 'its libc10 is damaged' },
    ]);
  });

  test('a named engine that does not start is an error, not another engine', async () => {
    const torch = engine('torch', { broken: 'its libc10 is damaged' });
    await expect(startEngine('torch', options, [torch, engine('wasm')])).rejects.toThrow(
      'its libc10 is damaged',
    );
    const wasm = await startEngine('wasm', options, [torch, engine('wasm')]);
    expect(explainEngine(wasm)).toBe('engine wasm (version 1 of wasm, 2 threads)');
  });
});
