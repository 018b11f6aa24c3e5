import { expect, test } from 'vitest';
import { codec } from '../src/index.ts';

test('says its name', () => {
  expect(codec()).toBe('codec');
});
