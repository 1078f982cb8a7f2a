import { expect, test } from 'vitest';
import { summarise } from './statistics.ts';

test('the median of an odd number of values is the middle one, whatever their order', () => {
  expect(summarise([30, 10, 20])).toEqual({ median: 20, least: 10, most: 30 });
});

test('the median of an even number of values lies between the middle two', () => {
  expect(summarise([1, 10, 2, 4])).toEqual({ median: 3, least: 1, most: 10 });
});

test('an empty list has no summary', () => {
  expect(() => summarise([])).toThrow('no values');
});
