import { expect, test } from 'vitest';
import { Pace } from './pace.ts';

function allowedIn(seconds: number, perSecond: number, lookMs: number): number {
  const pace = new Pace(perSecond);
  let allowed = 0;
  for (let ms = 0; ms < seconds * 1000; ms += lookMs) allowed += pace.advance(lookMs);
  return allowed;
}

test.each([
  [1, 500],
  [3, 500],
  [7, 100],
  [127, 500],
  [1_000, 100],
])('%i a second, looked at every %i ms, are that many', (perSecond, lookMs) => {
  expect(Math.abs(allowedIn(60, perSecond, lookMs) - 60 * perSecond)).toBeLessThanOrEqual(1);
});
