import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { settingText } from './setting.ts';
import { settingsReference } from './settings-reference.ts';
import { SETTING_NAMES, SETTING_TOPICS } from './settings-schema.ts';

test('docs/settings.md is the generated text; `npm run docs:settings` writes it', () => {
  const page = readFileSync(new URL('../../../../docs/settings.md', import.meta.url), 'utf8');
  expect(page).toBe(settingsReference());
});

test('every setting has one topic, a description of its values, and a valid example', () => {
  const settings = SETTING_TOPICS.flatMap(([, topic]) => Object.entries(topic));
  expect(settings.map(([name]) => name).toSorted()).toEqual(SETTING_NAMES.toSorted());
  for (const [name, schema] of settings) {
    const { example } = settingText(schema);
    expect(schema.description, name).toBeTruthy();
    // A PEM file is read, and the example names none of this machine.
    const isFile = schema.description === 'path of a PEM file';
    if (example !== undefined && !isFile)
      expect(schema.safeParse(example).success, name).toBe(true);
  }
});
