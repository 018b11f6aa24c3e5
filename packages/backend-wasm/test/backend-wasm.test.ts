import { expect, test } from 'vitest';
import { backendWasm } from '../src/index.ts';

test('says its name', () => {
  expect(backendWasm()).toBe('backend-wasm');
});
