import { expect, test } from 'vitest';
import { random } from '../src/index.ts';

test('says its name', () => {
  expect(random()).toBe('random');
});
