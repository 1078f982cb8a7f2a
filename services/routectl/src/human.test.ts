import { expect, test } from 'vitest';
import { bytes, count, duration, moment, plural } from './human.ts';

test.each([
  [0, '0 B'],
  [1023, '1023 B'],
  [1536, '1.5 KiB'],
  [12 * 1024 ** 2, '12 MiB'],
  [3 * 1024 ** 5, '3072 TiB'],
])('%d bytes are %s', (value, text) => {
  expect(bytes(value)).toBe(text);
});

test.each([
  [0, '0'],
  [1.25, '1.3'],
  [950.4, '950'],
  [9999, '9999'],
  [12_345, '12.3k'],
  [4_500_000, '4.5M'],
])('a count of %d is %s', (value, text) => {
  expect(count(value)).toBe(text);
});

test.each([
  [12.4, '12 ms'],
  [-300, '-300 ms'],
  [4200, '4.2 s'],
  [42_000, '42 s'],
  [420_000, '7 min'],
  [3 * 3_600_000, '3 h'],
  [12 * 86_400_000, '12 d'],
])('%d ms are %s', (value, text) => {
  expect(duration(value)).toBe(text);
});

test('formats a moment to the second, and singular and plural', () => {
  expect(moment(new Date(2026, 0, 2, 3, 4, 5).getTime())).toBe('2026-01-02 03:04:05');
  expect([0, 1, 2].map((n) => plural(n, 'link'))).toEqual(['0 links', '1 link', '2 links']);
});
