import { expect, test } from 'vitest';
import { datasets } from '../src/index.ts';

test('says its name', () => {
  expect(datasets()).toBe('datasets');
});
