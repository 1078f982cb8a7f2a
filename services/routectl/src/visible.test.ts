import { expect, test } from 'vitest';
import { showJsonLine } from './output.ts';
import { visible, visibleLines } from './visible.ts';

test.each([
  ['\x1b[2J\x1b[1;1Hfine', 'fine'],
  ['a\rb', 'a?b'],
  ['a\nOK       nodes', 'a?OK       nodes'],
  ['\x9b31mred', 'red'],
  ['\x07\x08\x7f\x85', '????'],
  ['a\u202eb\u2066c', 'a?b?c'],
  ['plain – text, 中文', 'plain – text, 中文'],
])('%j becomes %j', (text, expected) => {
  expect(visible(text)).toBe(expected);
});

test('text of several lines keeps its line feeds alone', () => {
  expect(visibleLines('a\r\nb\x1b[K\n')).toBe('a?\nb\n');
});

test('JSON escapes characters that its own rules allow', () => {
  let written = '';
  const output = { json: true, isTerminal: true, redraw: () => {}, note: () => {} };
  const data = { text: '\x1b\x9b\x7f\u202e\n' };
  showJsonLine({ ...output, write: (text) => (written += text) }, data);
  expect(written).toBe('{"text":"\\u001b\\u009b\\u007f\\u202e\\n"}\n');
  expect(JSON.parse(written)).toEqual(data);
});
