import { describe, expect, test } from 'vitest';
import { parseDevice } from '../src/device.ts';
import { loadLibrary } from '../src/ffi/library.ts';
import { signatures } from '../src/ffi/signatures.ts';
import { smoke } from '../src/smoke.ts';
import { torchFolder } from './found.ts';

describe.skipIf(torchFolder === undefined)('the trial of every op', () => {
  test('calls all of them', () => {
    const library = loadLibrary(torchFolder!);
    expect(smoke(library, parseDevice('cpu'))).toBe(Object.keys(signatures).length);
    const start = performance.now();
    smoke(library, parseDevice('cpu'));
    console.log(
      `${Object.keys(signatures).length} ops tried in ${(performance.now() - start).toFixed(1)} ms`,
    );
  });

  test('tells when one does not answer, in libtorch words', () => {
    const library = loadLibrary(torchFolder!);
    let calls = 0;
    const broken = {
      ...library,
      callDispatcher: (...args: Parameters<typeof library.callDispatcher>) =>
        ++calls === 40 ? 1 : library.callDispatcher(...args),
    };
    expect(() => smoke(broken, parseDevice('cpu'))).toThrow(/aten::.*: libtorch refused it/);
  });
});
