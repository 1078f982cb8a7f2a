import { describe, expect, test } from 'vitest';
import { hasTakenOver, type PrimaryRange } from './primaries.ts';

/** Ranges from `0 a, 100 b`: the first slot and the primary of each. */
function ranges(text: string): PrimaryRange[] {
  const parts = text.split(', ').map((part) => part.split(' '));
  return parts.map(([first, nodeId = ''], i) => ({
    first: Number(first),
    last: Number(parts[i + 1]?.[0] ?? 16_384) - 1,
    nodeId,
  }));
}

describe('a slot that moves with its keys is no takeover', () => {
  test.each([
    ['nothing has changed', '0 a, 100 b', '0 a, 100 b'],
    ['some slots move to another primary', '0 a, 100 b', '0 a, 90 b'],
    ['slots of the middle move', '0 a, 100 b', '0 a, 50 b, 51 a, 100 b'],
    ['a new primary gets its first slots', '0 a, 100 b', '0 c, 10 a, 100 b'],
    ['a new primary gets slots of two', '0 a, 100 b', '0 a, 90 c, 110 b'],
    ['a primary gives its last slots away', '0 a, 10 b', '0 b'],
    ['one gets its first slots while another gives its last away', '0 a, 10 b', '0 b, 50 c'],
  ])('%s', (_, before, after) => {
    expect(hasTakenOver(ranges(before), ranges(after))).toBe(false);
  });
});

describe('a replica that was promoted has taken over', () => {
  test.each([
    ['for one primary', '0 a, 100 b', '0 c, 100 b'],
    ['for a single server', '0 a', '0 b'],
    ['for one with several ranges', '0 a, 50 b, 90 a', '0 c, 50 b, 90 c'],
    ['while slots of the old primary moved to another', '0 a, 100 b', '0 c, 90 b'],
    ['while slots of another moved to the old primary', '0 a, 100 b', '0 c, 110 b'],
    ['while the old primary takes over from another', '0 a, 100 b', '0 c, 100 a'],
    ['for several at once', '0 a, 100 b', '0 c, 100 d'],
  ])('%s', (_, before, after) => {
    expect(hasTakenOver(ranges(before), ranges(after))).toBe(true);
  });
});
