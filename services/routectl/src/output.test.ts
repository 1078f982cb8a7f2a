import { expect, test } from 'vitest';
import { type Column, table } from './output.ts';

interface Row {
  readonly name: string;
  readonly n: number;
}

const COLUMNS: readonly Column<Row>[] = [
  { title: 'name', text: ({ name }) => name },
  { title: 'how many', align: 'right', text: ({ n }) => String(n) },
];

test('columns are as wide as their widest text, numbers stand at the right', () => {
  const rows = [
    { name: 'a', n: 1 },
    { name: 'a longer one', n: 12_345 },
  ];
  expect(table(COLUMNS, rows)).toEqual([
    'NAME          HOW MANY',
    'a                    1',
    'a longer one     12345',
  ]);
});

test('a table of nothing is its titles', () => {
  expect(table(COLUMNS, [])).toEqual(['NAME  HOW MANY']);
});

test('output has no terminal control characters', () => {
  const [, line = ''] = table(COLUMNS, [{ name: '\x1b[2Jevil\r\n\x07', n: 1 }]);
  expect(line).toBe('evil???         1');
});
