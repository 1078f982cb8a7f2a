import { expect, test } from 'vitest';
import { Suspects } from './suspects.ts';

test('counts a mismatch that is gone at the second look as late', () => {
  const suspects = new Suspects<string>(1000);
  expect(suspects.judge('ann', 'wrong', 0)).toBe('open');
  expect(suspects.keys).toEqual(['ann']);
  expect(suspects.judge('ann', 'right', 500)).toBe('late');
  expect(suspects.keys).toEqual([]);
  expect(suspects.judge('ann', 'right', 600)).toBe('open');
});

test('counts a lasting mismatch as wrong, once', () => {
  const suspects = new Suspects<string>(1000);
  suspects.judge('ann', 'wrong', 0);
  expect(suspects.judge('ann', 'wrong', 999)).toBe('open');
  expect(suspects.judge('ann', 'wrong', 1000)).toBe('wrong');
  expect(suspects.keys).toEqual([]);
});

test('a change restarts the observation', () => {
  const suspects = new Suspects<string>(1000);
  suspects.judge('ann', 'wrong', 0);
  expect(suspects.judge('ann', 'cannot-tell', 900)).toBe('open');
  expect(suspects.judge('ann', 'wrong', 1100)).toBe('open');
  expect(suspects.judge('ann', 'wrong', 2100)).toBe('wrong');
});
