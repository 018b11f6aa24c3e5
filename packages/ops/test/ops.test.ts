import { expect, test } from 'vitest';
import { ops } from '../src/index.ts';

test('says its name', () => {
  expect(ops()).toBe('ops');
});
