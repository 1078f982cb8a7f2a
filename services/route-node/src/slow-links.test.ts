import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { SlowLinks } from './slow-links.ts';

const MARK = 1000;

describe('links over the mark', () => {
  let holds: boolean[];
  let slow: SlowLinks;

  beforeEach(() => {
    vi.useFakeTimers();
    holds = [];
    // Within 10 s from the mark to nothing: 10 bytes a look.
    slow = new SlowLinks({
      markBytes: MARK,
      stuckMs: 10_000,
      now: () => performance.now(),
      hold: (held) => holds.push(held),
    });
  });

  afterEach(() => {
    vi.useRealTimers();
  });

  it('hold the sources until they are back', () => {
    const link = { unsentBytes: MARK };
    slow.over(link);
    for (let look = 0; look < 20; look++) {
      link.unsentBytes -= 20;
      vi.advanceTimersByTime(100);
    }
    expect(holds).toEqual([true]);
    slow.back(link);
    expect(holds).toEqual([true, false]);
    expect(vi.getTimerCount()).toBe(0);
  });

  it('no longer hold the sources once it is seen that this does not help', () => {
    const link = { unsentBytes: MARK };
    slow.over(link);
    link.unsentBytes -= 5;
    vi.advanceTimersByTime(100);
    expect(holds).toEqual([true, false]);
    slow.back(link);
    expect(holds).toEqual([true, false]);
  });

  it('hold the sources as long as one of them is helped by it', () => {
    const stuck = { unsentBytes: MARK };
    const slower = { unsentBytes: MARK };
    slow.over(stuck);
    slow.over(slower);
    slower.unsentBytes -= 50;
    vi.advanceTimersByTime(100);
    expect(holds).toEqual([true]);
    vi.advanceTimersByTime(100);
    expect(holds).toEqual([true, false]);
  });
});
