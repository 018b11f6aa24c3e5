// Runs a module in a real browser, for tests (files `*.browser.test.ts`) and for whoever wants to see for themselves.
//
//   import { browserPath, openInChromium, runInFirefox } from '../../../scripts/browser-harness.mjs';
//   test.skipIf(!browserPath('chromium'))('...', async () => {
//     const page = await openInChromium(new URL('./in-browser.ts', import.meta.url));
//     expect(await page.call('exportedFunction', 1, 2)).toBe(3);
//     await page.close();
//   });
//
// The module is bundled with esbuild from sources (the packages' `@pleat/source` condition), served from 127.0.0.1
// and imported by an empty page. What goes in and out of `call` is JSON. Options of both runners:
//   files     { '/name': path or bytes } served beside the page, for instance wasm binaries
//   isolated  true sends the headers that let a page use SharedArrayBuffer, and with it threads
// A browser is looked for where CHROMIUM_PATH or FIREFOX_PATH says, then where Debian puts it.
import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { extname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { chromium } from 'playwright-core';

const places = {
  chromium: [process.env.CHROMIUM_PATH, '/usr/bin/chromium', '/usr/bin/chromium-browser'],
  firefox: [process.env.FIREFOX_PATH, '/usr/bin/firefox-esr', '/usr/bin/firefox'],
};

const chromiumFlags = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

// A test browser has no business with anybody but the test's own server.
const firefoxPreferences = {
  'app.normandy.enabled': false,
  'app.update.enabled': false,
  'browser.aboutwelcome.enabled': false,
  'browser.safebrowsing.malware.enabled': false,
  'browser.safebrowsing.phishing.enabled': false,
  'browser.shell.checkDefaultBrowser': false,
  'datareporting.policy.dataSubmissionEnabled': false,
  'extensions.update.enabled': false,
  'network.captive-portal-service.enabled': false,
  'network.connectivity-service.enabled': false,
  'services.settings.server': 'data:,#remote-settings-dummy/v1',
  'toolkit.telemetry.enabled': false,
};

const types = {
  '.js': 'text/javascript',
  '.json': 'application/json',
  '.wasm': 'application/wasm',
};

const isolation = {
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Embedder-Policy': 'require-corp',
};

/**
 * Finds a browser on this machine.
 *
 * @param {'chromium' | 'firefox'} name
 * @returns {string | undefined} the path of its executable, or undefined when there is none
 */
export function browserPath(name) {
  return places[name].find((path) => path && existsSync(path));
}

function requireBrowser(name) {
  const path = browserPath(name);
  if (path) return path;
  throw new Error(
    `No ${name} was found at ${places[name].filter(Boolean).join(' or ')}: install it, or set ${name.toUpperCase()}_PATH.`,
  );
}

async function bundleForBrowser(entry) {
  const { outputFiles } = await build({
    entryPoints: [fileURLToPath(entry)],
    bundle: true,
    write: false,
    format: 'esm',
    platform: 'browser',
    target: 'es2022',
    conditions: ['@pleat/source'],
    logLevel: 'error',
  });
  return outputFiles[0].text;
}

// The page calls what its address asks for, if anything, and posts the result back: all a browser needs for it is
// to open a page, so that one without a driver can be tested, too.
const html = `<!doctype html><meta charset="utf-8"><title>test</title><script type="module">
const query = new URLSearchParams(location.search);
const post = (body) => query.has('call') && fetch('/result', { method: 'POST', body: JSON.stringify(body) });
try {
  window.subject = await import('/subject.js');
  if (query.has('call')) {
    const value = await subject[query.get('call')](...JSON.parse(query.get('args')));
    await post({ value });
  }
} catch (error) {
  window.failure = String(error?.stack ?? error);
  await post({ error: window.failure });
}
window.ready = true;
</script>`;

async function serve(entry, { files = {}, isolated = false, onResult }) {
  const subject = await bundleForBrowser(entry);
  const headers = isolated ? isolation : {};
  const content = new Map([
    ['/', [html, 'text/html']],
    ['/subject.js', [subject, types['.js']]],
  ]);
  for (const [name, file] of Object.entries(files)) {
    const bytes = typeof file === 'string' || file instanceof URL ? readFileSync(file) : file;
    content.set(name, [bytes, types[extname(name)] ?? 'application/octet-stream']);
  }
  const server = createServer(async (request, response) => {
    const { pathname } = new URL(request.url, 'http://localhost');
    if (pathname === '/result' && request.method === 'POST') {
      const chunks = [];
      for await (const chunk of request) chunks.push(chunk);
      response.end();
      onResult?.(JSON.parse(Buffer.concat(chunks).toString()));
      return;
    }
    const [body, type] = content.get(pathname) ?? [];
    if (body === undefined) response.writeHead(404).end();
    else response.writeHead(200, { 'Content-Type': type, ...headers }).end(body);
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${server.address().port}/`,
    close() {
      server.closeAllConnections();
      return new Promise((resolve) => server.close(resolve));
    },
  };
}

/**
 * Opens a module in headless Chromium.
 *
 * @param {URL} entry the module, TypeScript or JavaScript
 * @param options files and isolated, see the top of this file; `before`, a script that runs ahead of the page's own
 * @returns `call(name, ...args)` awaits an exported function of the module; `page` is playwright's; `url`; `close()`
 */
export async function openInChromium(entry, { before, ...serving } = {}) {
  const executablePath = requireBrowser('chromium');
  const server = await serve(entry, serving);
  const browser = await chromium.launch({ executablePath, args: chromiumFlags });
  const close = async () => {
    await browser.close();
    await server.close();
  };
  try {
    const page = await browser.newPage();
    if (before) await page.addInitScript(before);
    await page.goto(server.url);
    await page.waitForFunction('window.ready');
    const failure = await page.evaluate('window.failure');
    if (failure) throw new Error(`The module failed in the browser: ${failure}`);
    const call = (name, ...args) =>
      page.evaluate(([name, args]) => window.subject[name](...args), [name, args]);
    return { call, page, url: server.url, close };
  } catch (error) {
    await close();
    throw error;
  }
}

/**
 * Calls one exported function of a module in headless Firefox, in a fresh profile.
 *
 * @param {URL} entry the module, TypeScript or JavaScript
 * @param {string} name what to call
 * @param {unknown[]} args its arguments, as JSON
 * @param options files and isolated, see the top of this file; timeout in milliseconds (60,000)
 * @returns what the function returned, as JSON
 */
export async function runInFirefox(entry, name, args = [], options = {}) {
  const { timeout = 60_000, ...serving } = options;
  const path = requireBrowser('firefox');
  const profile = mkdtempSync(join(tmpdir(), 'pleat-firefox-'));
  const preferences = Object.entries(firefoxPreferences).map(
    ([key, value]) => `user_pref(${JSON.stringify(key)}, ${JSON.stringify(value)});\n`,
  );
  writeFileSync(join(profile, 'user.js'), preferences.join(''));
  let server;
  let firefox;
  let timer;
  try {
    const result = await new Promise((resolve, reject) => {
      serve(entry, { ...serving, onResult: resolve })
        .then((started) => {
          server = started;
          const query = new URLSearchParams({ call: name, args: JSON.stringify(args) });
          const url = `${server.url}?${query}`;
          firefox = spawn(path, ['--headless', '--no-remote', '--profile', profile, url], {
            stdio: 'ignore',
          });
          firefox.once('error', reject);
          firefox.once('exit', (code) => reject(new Error(`Firefox ended early (${code}).`)));
          timer = setTimeout(
            () => reject(new Error(`Firefox did not answer in ${timeout} ms.`)),
            timeout,
          );
        })
        .catch(reject);
    });
    if (result.error) throw new Error(`The module failed in the browser: ${result.error}`);
    return result.value;
  } finally {
    clearTimeout(timer);
    if (firefox && firefox.exitCode === null) {
      firefox.removeAllListeners('exit');
      const gone = new Promise((resolve) => firefox.once('exit', resolve));
      firefox.kill();
      await gone;
    }
    await server?.close();
    rmSync(profile, { recursive: true, force: true, maxRetries: 5 });
  }
}
