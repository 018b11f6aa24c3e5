import { expect, test } from 'vitest';
import { models } from '../src/index.ts';

test('says its name', () => {
  expect(models()).toBe('models');
});
