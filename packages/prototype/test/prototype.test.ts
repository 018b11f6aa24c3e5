import { expect, test } from 'vitest';
import { prototype } from '../src/index.ts';

test('says its name', () => {
  expect(prototype()).toBe('prototype');
});
