import {
  chmod,
  lstat,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  rm,
  stat,
  symlink,
  writeFile,
} from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { AtomicWriteError, writeFileAtomic } from '../src/node.ts';

const spied = vi.hoisted(() => ({
  order: [] as string[],
  fail: null as null | { at: string; code: string },
}));

// The real file system, with every step noted and one of them failing on request, as on a full disk.
vi.mock('node:fs/promises', async (original) => {
  const fs = await original<typeof import('node:fs/promises')>();
  const step = (name: string) => {
    spied.order.push(name);
    if (spied.fail?.at === name) {
      throw Object.assign(new Error(`${spied.fail.code}: ${name}`), { code: spied.fail.code });
    }
  };
  return {
    ...fs,
    open: async (...args: Parameters<typeof fs.open>) => {
      step(`open ${args[1]}`);
      const handle = await fs.open(...args);
      return new Proxy(handle, {
        get(target, key) {
          const value = Reflect.get(target, key);
          if (typeof value !== 'function') return value;
          return async (...rest: unknown[]) => {
            // A disk fills up in the midst of a write: some bytes are there already.
            if (key === 'writeFile' && spied.fail?.at === 'writeFile') {
              await target.writeFile((rest[0] as Uint8Array).subarray(0, 1));
            }
            if (key !== 'close') step(`${String(key)}`);
            return value.apply(target, rest);
          };
        },
      });
    },
    rename: async (from: string, to: string) => {
      step('rename');
      return fs.rename(from, to);
    },
  };
});

let folder = '';
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'pleat-codec-'));
  spied.order.length = 0;
  spied.fail = null;
});
afterEach(async () => {
  spied.fail = null;
  await rm(folder, { recursive: true, force: true });
});

async function failure(path: string, bytes = Uint8Array.of(9)): Promise<AtomicWriteError> {
  return writeFileAtomic(path, bytes).then(
    () => Promise.reject(new Error('it was written')),
    (error) => error,
  );
}

describe('writeFileAtomic', () => {
  test('writes a new file and replaces an old one, and leaves nothing else', async () => {
    const path = join(folder, 'model.pleat');
    for (const bytes of [Uint8Array.of(1, 2, 3), new Uint8Array(0), new Uint8Array(1e6).fill(7)]) {
      await writeFileAtomic(path, bytes);
      expect(Buffer.compare(await readFile(path), bytes)).toBe(0);
      expect(await readdir(folder)).toEqual(['model.pleat']);
    }
  });

  test('syncs the file before it takes the name, and the folder after', async () => {
    await writeFileAtomic(join(folder, 'a'), Uint8Array.of(1));
    expect(spied.order).toEqual(['open wx', 'writeFile', 'sync', 'rename', 'open r', 'sync']);
  });

  test('many at once on one path leave one whole file', async () => {
    const path = join(folder, 'a');
    const writes = Array.from({ length: 20 }, (_, i) =>
      writeFileAtomic(path, new Uint8Array(10_000).fill(i)),
    );
    await Promise.all(writes);
    const bytes = await readFile(path);
    expect(bytes.length).toBe(10_000);
    expect(new Set(bytes).size).toBe(1);
    expect(await readdir(folder)).toEqual(['a']);
  });

  for (const at of ['open wx', 'writeFile', 'sync', 'rename']) {
    for (const code of ['ENOSPC', 'EACCES', 'EIO']) {
      test(`${code} at ${at}: one clear error, the old file as it was, no temporary file`, async () => {
        const path = join(folder, 'a');
        await writeFile(path, 'old');
        spied.fail = { at, code };
        const error = await failure(path);
        expect(error).toBeInstanceOf(AtomicWriteError);
        expect(error).toMatchObject({ code, path });
        expect(error.message).toContain(`writeFileAtomic: cannot write ${path}`);
        expect(await readFile(path, 'utf8')).toBe('old');
        expect(await readdir(folder)).toEqual(['a']);
      });
    }
  }

  test('says what to do about a missing folder, and about a folder in the way', async () => {
    const missing = await failure(join(folder, 'no', 'a'));
    expect(missing).toMatchObject({ code: 'ENOENT' });
    expect(missing.message).toContain('make its folder first');
    await mkdir(join(folder, 'taken'));
    await writeFile(join(folder, 'taken', 'x'), '');
    expect(await failure(join(folder, 'taken'))).toBeInstanceOf(AtomicWriteError);
    expect(await readdir(folder)).toEqual(['taken']);
  });

  test.skipIf(process.getuid?.() === 0 || process.platform === 'win32')(
    'a folder without write permission',
    async () => {
      await chmod(folder, 0o500);
      expect(await failure(join(folder, 'a'))).toMatchObject({ code: 'EACCES' });
      await chmod(folder, 0o700);
    },
  );

  test.skipIf(process.platform === 'win32')(
    'keeps permissions, and writes through a link',
    async () => {
      const path = join(folder, 'a');
      await writeFile(path, 'old');
      await chmod(path, 0o640);
      await symlink('a', join(folder, 'link'));
      await writeFileAtomic(join(folder, 'link'), Uint8Array.of(0x6e));
      expect(await readFile(path, 'utf8')).toBe('n');
      expect((await stat(path)).mode & 0o777).toBe(0o640);
      expect((await lstat(join(folder, 'link'))).isSymbolicLink()).toBe(true);
    },
  );
});
