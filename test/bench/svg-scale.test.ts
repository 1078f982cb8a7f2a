import { expect, test } from 'vitest';
import { linearScale, logScale, roundStep, shortNumber } from './svg-scale.ts';

test('a linear scale starts at 0 and ends at a round number above the maximum', () => {
  const { place, ticks } = linearScale([3, 8.7], 100, 0);
  expect(ticks).toEqual([0, 2, 4, 6, 8, 10]);
  expect(place(0)).toBe(100);
  expect(place(5)).toBe(50);
  expect(place(10)).toBe(0);
});

test('a logarithmic scale gives each doubling the same length and marks its values', () => {
  const { place, ticks } = logScale([128, 2, 8, 8], 0, 60);
  expect(ticks).toEqual([2, 8, 128]);
  expect([2, 4, 8, 128].map(place)).toEqual([0, 10, 20, 60]);
});

test('a single value is in the middle of a logarithmic scale', () => {
  expect(logScale([5], 0, 60).place(5)).toBe(30);
});

test('steps are 1, 2 or 5 times a power of ten', () => {
  expect([0.3, 1, 1.1, 21, 700].map(roundStep)).toEqual([0.5, 1, 2, 50, 1000]);
});

test('numbers are shortened for an axis', () => {
  expect([1_500_000, 200_000, 20, 0.25].map(shortNumber)).toEqual(['1.5 M', '200 k', '20', '0.25']);
});
