import { expect, test } from 'vitest';
import { mask } from '../src/index.ts';

test('says its name', () => {
  expect(mask()).toBe('mask');
});
