import { expect, test } from 'vitest';
import { optim } from '../src/index.ts';

test('says its name', () => {
  expect(optim()).toBe('optim');
});
