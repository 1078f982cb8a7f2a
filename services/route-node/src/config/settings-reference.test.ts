import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { settingsReference } from './settings-reference.ts';

test('docs/settings.md tells what the code does; `npm run docs:settings` writes it anew', () => {
  const page = readFileSync(new URL('../../../../docs/settings.md', import.meta.url), 'utf8');
  expect(page).toBe(settingsReference());
});
