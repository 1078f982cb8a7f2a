import { expect, test } from 'vitest';
import { VersionClock } from './version-clock.ts';

const DAY = 86_400_000_000;

test('the highest version never decreases', () => {
  const versions = new VersionClock();
  for (const version of [5, 9, 7]) versions.raise(version);
  expect(versions.highest).toBe(9);
  expect(versions.seen(3)).toBe(true);
  expect(versions.highest).toBe(9);
});

test('a version that no node can have made is rejected and not recorded', () => {
  const versions = new VersionClock();
  versions.raise(100);
  for (const version of [Number.NaN, -1, 0.5, Number.MAX_SAFE_INTEGER, 101 + DAY]) {
    expect(versions.seen(version)).toBe(false);
  }
  expect(versions.highest).toBe(100);
  expect(versions.seen(100 + DAY)).toBe(true);
});
