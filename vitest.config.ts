import { existsSync, readdirSync } from 'node:fs';
import { configDefaults, defineConfig } from 'vitest/config';

const conditions = ['@pleat/source', 'module', 'node', 'import', 'default'];
const shared = { resolve: { conditions }, ssr: { resolve: { conditions } } };

// A package whose tests need something special (a browser, another engine) names those files
// `*.browser.test.ts`; they skip, visibly, when that thing is absent.
const roots = ['packages', 'apps'].flatMap((root) =>
  existsSync(root) ? readdirSync(root).map((name) => `${root}/${name}`) : [],
);

export default defineConfig({
  ...shared,
  test: {
    // CI counts the tests from this file.
    reporters: process.env.PLEAT_TEST_RESULTS
      ? ['default', ['json', { outputFile: process.env.PLEAT_TEST_RESULTS }]]
      : ['default'],
    projects: [
      {
        ...shared,
        test: {
          name: 'unit',
          include: roots.map((root) => `${root}/test/**/*.test.ts`),
          exclude: [...configDefaults.exclude, '**/*.slow.test.ts', '**/*.browser.test.ts'],
          // Ends what hangs, on the slowest machine too: tests of the app start processes, one after the other.
          testTimeout: 300_000,
          hookTimeout: 300_000,
        },
      },
      {
        ...shared,
        test: {
          name: 'slow',
          include: roots.map((root) => `${root}/test/**/*.slow.test.ts`),
          testTimeout: 600_000,
          hookTimeout: 600_000,
        },
      },
      {
        ...shared,
        test: {
          name: 'browser',
          include: roots.map((root) => `${root}/test/**/*.browser.test.ts`),
          testTimeout: 120_000,
          hookTimeout: 120_000,
        },
      },
    ],
  },
});
