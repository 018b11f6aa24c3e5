import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { expect, onTestFinished, test, vi } from 'vitest';
import { assemble } from '../src/assemble.ts';
import { download } from '../src/load/download.ts';
import { findDataset } from '../src/load/find.ts';
import type { Definition } from '../src/sets/definition.ts';
import { datasetNames, registry } from '../src/sets/registry.ts';
import { errorOf, idxFile, temporaryFolder } from './helpers.ts';

const content = Buffer.from(
  Uint8Array.from({ length: 300_000 }, (_, i) => (i * 7 + (i >> 9)) & 255),
);
const md5 = createHash('md5').update(content).digest('hex');
const sha256 = createHash('sha256').update(content).digest('hex');

type Answer = (request: IncomingMessage, response: ServerResponse, visit: number) => void;

async function serve(answer: Answer): Promise<{ url: string; visits: IncomingMessage[] }> {
  const visits: IncomingMessage[] = [];
  const server = createServer((request, response) => {
    visits.push(request);
    answer(request, response, visits.length);
  });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, visits };
}

const whole: Answer = (_, response) => {
  response.setHeader('content-length', content.length);
  response.end(content);
};
const item = (url: string, sums: { md5?: string; sha256?: string } = { md5 }) => ({
  file: 'a.bin',
  url: `${url}/a.bin`,
  bytes: content.length,
  ...sums,
});

test('downloads once, with progress, and checks md5 or sha256', async () => {
  const { url, visits } = await serve(whole);
  for (const sums of [{ md5 }, { sha256 }]) {
    const folder = join(temporaryFolder(), 'new', 'folder');
    const steps: number[] = [];
    const onProgress = ({
      loaded,
      total,
      file,
    }: {
      loaded: number;
      total: number | null;
      file: string;
    }) => {
      expect([total, file]).toEqual([content.length, 'a.bin']);
      steps.push(loaded);
    };
    const path = await download(item(url, sums), folder, { onProgress });
    expect(readFileSync(path).equals(content)).toBe(true);
    expect(steps.at(-1)).toBe(content.length);
    expect(steps).toEqual([...steps].sort((a, b) => a - b));
    expect(readdirSync(folder)).toEqual(['a.bin']);
    const before = visits.length;
    await download(item(url, sums), folder);
    expect(visits.length).toBe(before);
  }
});

test('another content than published is refused and nothing is left behind', async () => {
  const { url } = await serve((_, response) => response.end('a captive portal'));
  const folder = temporaryFolder();
  const error = await errorOf(() => download(item(url), folder));
  expect(error).toMatchObject({ code: 'checksum', file: 'a.bin', expected: md5 });
  expect(error.message).toMatch(/pass a folder that holds a\.bin as data/);
  expect(readdirSync(folder)).toEqual([]);
});

test('a connection that breaks is taken up where it broke', async () => {
  const { url, visits } = await serve((request, response, visit) => {
    const from = Number(/bytes=(\d+)-/.exec(request.headers.range ?? '')?.[1] ?? 0);
    if (from > 0) {
      response.statusCode = 206;
      response.setHeader('content-range', `bytes ${from}-${content.length - 1}/${content.length}`);
    }
    response.setHeader('content-length', content.length - from);
    if (visit === 1) {
      response.write(content.subarray(0, 100_000), () => response.destroy());
      return;
    }
    response.end(content.subarray(from));
  });
  const path = await download(item(url), temporaryFolder(), { wait: 1 });
  expect(readFileSync(path).equals(content)).toBe(true);
  expect(visits.length).toBe(2);
  expect(visits[1]?.headers.range).toMatch(/^bytes=[1-9]\d*-$/);
});

test('a server that cannot go on in the middle is asked for all of it again', async () => {
  const { url, visits } = await serve((request, response, visit) => {
    if (visit > 1) return whole(request, response, visit);
    response.setHeader('content-length', content.length);
    response.write(content.subarray(0, 100_000), () => response.destroy());
  });
  const path = await download(item(url), temporaryFolder(), { wait: 1 });
  expect(readFileSync(path).equals(content)).toBe(true);
  expect(visits.length).toBe(2);
});

test('a server in trouble is asked again, one that refuses is not', async () => {
  const recovering = await serve((request, response, visit) => {
    if (visit === 3) return whole(request, response, visit);
    response.statusCode = 503;
    response.end();
  });
  await download(item(recovering.url), temporaryFolder(), { wait: 1 });
  expect(recovering.visits.length).toBe(3);

  const refusing = await serve((_, response) => {
    response.statusCode = 403;
    response.end('denied');
  });
  const folder = temporaryFolder();
  const error = await errorOf(() => download(item(refusing.url), folder, { wait: 1 }));
  expect(error).toMatchObject({ code: 'network', file: 'a.bin' });
  expect(error.message).toBe(
    `loadDataset: expected to download ${refusing.url}/a.bin, found: HTTP status 403 (1 attempt); get a.bin another way and pass its folder as data, or set PLEAT_DATA to it.`,
  );
  expect(refusing.visits.length).toBe(1);
  expect(readdirSync(folder)).toEqual([]);
});

test('no network: the error names the way with a local folder', async () => {
  const { url } = await serve(whole);
  // Port 9 (discard) of this machine: nothing listens there.
  const closed = url.replace(/:\d+$/, ':9');
  const error = await errorOf(() => download(item(closed), temporaryFolder(), { wait: 1 }));
  expect(error.code).toBe('network');
  expect(error.message).toMatch(
    /3 attempts\); get a\.bin another way and pass its folder as data, or set PLEAT_DATA/,
  );
});

test('a data set is downloaded into the cache, then read from it without the network', async () => {
  const files = new Map<string, Buffer>(
    Object.entries({
      'train-images-idx3-ubyte.gz': idxFile([20, 28, 28], (i) => i & 255),
      'train-labels-idx1-ubyte.gz': idxFile([20], (i) => i % 10),
      't10k-images-idx3-ubyte.gz': idxFile([10, 28, 28], (i) => i & 255),
      't10k-labels-idx1-ubyte.gz': idxFile([10], (i) => i % 10),
    }).map(([name, bytes]) => [name, gzipSync(bytes)]),
  );
  const { url, visits } = await serve((request, response) => {
    response.end(files.get((request.url ?? '').slice(1)));
  });
  const definition: Definition = {
    ...registry.mnist,
    downloads: [...files].map(([file, bytes]) => ({
      file,
      url: `${url}/${file}`,
      md5: createHash('md5').update(bytes).digest('hex'),
      bytes: bytes.length,
    })),
  };
  const cache = temporaryFolder();
  vi.stubEnv('PLEAT_DATA', undefined);
  onTestFinished(() => void vi.unstubAllEnvs());
  const seen = new Set<string>();
  const raw = await findDataset(definition, { cache, onProgress: ({ file }) => seen.add(file) });
  expect([raw.train.length, raw.test?.length]).toEqual([20, 10]);
  expect([...seen]).toEqual([...files.keys()]);
  expect(readdirSync(join(cache, 'mnist')).sort()).toEqual([...files.keys()].sort());
  expect(visits.length).toBe(4);
  const again = await findDataset(definition, { cache, download: false });
  expect(assemble('mnist', again, { seed: 4 })).toEqual(assemble('mnist', raw, { seed: 4 }));
  expect(visits.length).toBe(4);
  // A local folder is read as it is: its checksums are not those of the published files.
  const data = temporaryFolder();
  for (const [name, bytes] of files) writeFileSync(join(data, name), bytes);
  expect((await findDataset(registry.mnist, { data })).train.length).toBe(20);
});

test('without permission to download, nothing is fetched', async () => {
  const { url, visits } = await serve(whole);
  const definition = { ...registry.digits, folders: ['nowhere'], downloads: [item(url)] };
  const error = await errorOf(() =>
    findDataset(definition, { cache: temporaryFolder(), download: false }),
  );
  expect(error.code).toBe('not-found');
  expect(visits.length).toBe(0);
});

test.each(datasetNames)('%s: every download has one checksum and an address', (name) => {
  const { downloads, bundled } = registry[name];
  expect(downloads.length > 0).toBe(bundled !== true);
  for (const { url, file, md5, sha256, bytes } of downloads) {
    expect(new URL(url).pathname.endsWith(`/${file}`)).toBe(true);
    expect((sha256 ?? md5)?.length).toBe(sha256 ? 64 : 32);
    expect(bytes).toBeGreaterThan(0);
  }
});
