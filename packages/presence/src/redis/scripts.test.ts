import { readdirSync } from 'node:fs';
import type { Script } from '@route/redis';
import { describe, expect, test } from 'vitest';
import { SCRIPTS } from './scripts.ts';

const SECTIONS = ['KEYS', 'ARGV', 'REPLY', 'COST', 'TWICE'] as const;

/** The header's sections: 'purpose', and the others by their name. */
function headerOf({ source }: Script): Map<string, string> {
  const header = /^(?:#!lua .*\n)?((?:--.*\n)+)/.exec(source)?.[1] ?? '';
  const sections = new Map<string, string>();
  let current = 'purpose';
  for (const line of header.split('\n')) {
    const text = line.replace(/^-- ?/, '');
    const name = SECTIONS.find((section) => text.startsWith(`${section} `));
    current = name ?? current;
    const added = name === undefined ? text : text.slice(name.length);
    sections.set(current, `${sections.get(current) ?? ''} ${added.trim()}`.trim());
  }
  return sections;
}

/** The numbers that a KEYS or ARGV section explains: '1 users hash, 2 links set' gives 1, 2. */
function numbersIn(section: string): number[] {
  const starts = section.matchAll(/(?:^|, )(\d+) /g);
  return [...starts].map(([, number]) => Number(number));
}

/** The numbers that a script's code takes out of KEYS or ARGV by name. */
function taken({ source }: Script, table: 'KEYS' | 'ARGV'): number[] {
  const code = source.replace(/^--.*$/gm, '');
  const numbers = [...code.matchAll(new RegExp(`${table}\\[(\\d+)\\]`, 'g'))];
  return [...new Set(numbers.map(([, number]) => Number(number)))].sort((a, b) => a - b);
}

test('every script in the folder has a wrapper', () => {
  const files = readdirSync(new URL('./lua', import.meta.url)).sort();
  const wrapped = Object.values(SCRIPTS).map(({ name, keyCount }) => `${name}.${keyCount}.lua`);
  expect([...new Set(wrapped)].sort()).toEqual(files);
});

describe.each(Object.values(SCRIPTS))('the header of $name', (script) => {
  const header = headerOf(script);

  test('documents the purpose, keys, arguments, reply, cost and a second run', () => {
    expect([...header.keys()]).toEqual(['purpose', ...SECTIONS]);
    for (const text of header.values()) expect(text).not.toBe('');
  });

  test('documents as many keys as its name and its code have', () => {
    const numbers = Array.from({ length: script.keyCount }, (_, i) => i + 1);
    expect(numbersIn(header.get('KEYS') ?? '')).toEqual(numbers);
    expect(taken(script, 'KEYS')).toEqual(numbers);
  });

  test('documents every argument that its code uses', () => {
    expect(numbersIn(header.get('ARGV') ?? '')).toEqual(taken(script, 'ARGV'));
  });
});
