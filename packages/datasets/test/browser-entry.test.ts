import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gunzipSync } from 'node:zlib';
import { expect, onTestFinished, test } from 'vitest';
import * as browser from '../src/browser.ts';
import * as node from '../src/index.ts';
import { errorOf } from './helpers.ts';

const shipped = fileURLToPath(new URL('../data/', import.meta.url));

/** Every module a file imports statically, directly or through others of this package. */
function graph(entry: URL, seen: Set<string> = new Set()): Set<string> {
  const code = readFileSync(entry, 'utf8').replace(/^\s*(?:import|export) type [^;]*;/gm, '');
  for (const [, name] of code.matchAll(/\bfrom '([^']+)'|\bimport\(?\s*'([^']+)'/g)) {
    if (name === undefined || seen.has(name)) continue;
    if (!name.startsWith('.')) seen.add(name);
    else {
      const url = new URL(name, entry);
      if (seen.has(url.href)) continue;
      seen.add(url.href);
      graph(url, seen);
    }
  }
  return seen;
}

test('the browser entry reaches nothing of Node', () => {
  const outside = (entry: string) =>
    [...graph(new URL(entry, import.meta.url))].filter((name) => !name.startsWith('file:'));
  expect(outside('../src/browser.ts')).toEqual(['@pleat/random']);
  // The walk does see such imports where they are.
  expect(outside('../src/index.ts')).toEqual(
    expect.arrayContaining(['node:worker_threads', 'tar']),
  );
});

test('both entries export the same names', () => {
  expect(Object.keys(browser).sort()).toEqual(Object.keys(node).sort());
});

/** Serves the shipped files as `transform` gives them. */
async function serve(
  transform: (bytes: Buffer) => { body: Buffer; encoding?: string } | null,
): Promise<string> {
  const server = createServer((request, response) => {
    const name = (request.url ?? '').split('/').at(-1) ?? '';
    const answer = /^(train|t10k)-.*\.gz$/.test(name)
      ? transform(readFileSync(join(shipped, name)))
      : null;
    if (answer === null) response.statusCode = 404;
    if (answer?.encoding) response.setHeader('content-encoding', answer.encoding);
    response.end(answer?.body);
  });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/files`;
}

test('over the web: packed, or unpacked on the way, the same as in Node', async () => {
  const local = await node.loadDataset('fashion-mnist-subset');
  for (const data of [
    await serve((body) => ({ body })),
    `${await serve((body) => ({ body, encoding: 'gzip' }))}/`,
    await serve((body) => ({ body: gunzipSync(body) })),
  ]) {
    const remote = await browser.loadDataset('fashion-mnist-subset', { data });
    for (const part of ['train', 'validation', 'test'] as const) {
      expect(Buffer.compare(remote[part]!.images, local[part]!.images)).toBe(0);
      expect(remote[part]!.labels.join()).toBe(local[part]!.labels.join());
    }
    expect([remote.shape, remote.mean, remote.std]).toEqual([local.shape, local.mean, local.std]);
  }
});

test('over the web: no address, no files, damaged files, no server', async () => {
  const load = (data?: string) =>
    errorOf(() => browser.loadDataset('fashion-mnist-subset', data === undefined ? {} : { data }));
  const unsaid = await load();
  expect(unsaid.code).toBe('not-found');
  expect(unsaid.message).toMatch(/serve its files \(node_modules\/@pleat\/datasets\/data\)/);
  expect((await load(await serve(() => null))).code).toBe('not-found');
  const cut = await load(await serve((body) => ({ body: body.subarray(0, 1000) })));
  expect(cut).toMatchObject({ code: 'corrupt', offset: 1000 });
  expect(cut.file).toMatch(/train-images-idx3-ubyte\.gz$/);
  expect((await load('http://127.0.0.1:9/')).code).toBe('network');
});

test('batches: the same pixels as in Node, on the calling thread', async () => {
  const { test: split, shape, mean, std } = await node.loadDataset('fashion-mnist-subset');
  const options: node.BatchOptions = {
    shape,
    batchSize: 500,
    seed: 5,
    workers: 2,
    normalize: { mean, std },
    augment: [{ name: 'rand-augment' }, { name: 'flip' }],
  };
  const epoch = browser.batches(split!, options);
  expect(epoch.workers).toBe(0);
  const other = node.batches(split!, options)[Symbol.asyncIterator]();
  for await (const { images } of epoch) {
    const { value } = await other.next();
    expect(Buffer.compare(Buffer.from(images.buffer), Buffer.from(value.images.buffer))).toBe(0);
  }
});
