import { writeFileSync } from 'node:fs';
import type { z } from 'zod';
import { settingText } from './setting.ts';
import { SETTING_TOPICS } from './settings-schema.ts';

const MAX_WIDTH = 100;

/** The reference of all settings, in Markdown; docs/settings.md is this text. */
export function settingsReference(): string {
  const topics = SETTING_TOPICS.map(([title, settings]) => {
    const sections = Object.entries(settings).map(([name, schema]) => section(name, schema));
    return [`## ${title}\n`, ...sections].join('\n');
  });
  return [
    '# Settings of a route node\n',
    'Settings come from the environment. A flag of the same name in lower case with dashes',
    '(`--route-listen`) overrides, except for secrets, which a flag would show in the process list. All',
    'are read and checked at the start: a node with invalid values names each of them, with the expected',
    'value, and ends with status 2. `npx route-node --help` prints this reference in short.\n',
    'This page is written by `npm run docs:settings` from `services/route-node/src/config/settings/`.\n',
    ...topics,
  ].join('\n');
}

function section(name: string, schema: z.ZodType): string {
  const { default: fallback, meaning, reason, example } = settingText(schema);
  const lines = [
    `- Value: ${schema.description}`,
    `- Default: ${fallback === '' ? 'none' : `\`${fallback}\``}${reason === undefined ? '' : `. ${reason}`}`,
    ...(example === undefined ? [] : [`- Example: \`${name}=${example}\``]),
  ];
  const list = lines.map((line) => wrapped(line, '  '));
  return `### ${name}\n\n${wrapped(meaning)}\n\n${list.join('\n')}\n`;
}

/** Breaks a text into lines of at most 100 characters. */
function wrapped(text: string, indent = ''): string {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(' ')) {
    const longer = line === '' ? word : `${line} ${word}`;
    if (longer.length > MAX_WIDTH && line !== '') {
      lines.push(line);
      line = `${indent}${word}`;
    } else {
      line = longer;
    }
  }
  return [...lines, line].join('\n');
}

if (import.meta.main) {
  writeFileSync(new URL('../../../../docs/settings.md', import.meta.url), settingsReference());
}
