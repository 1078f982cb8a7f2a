import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { SlowLinks } from './slow-links.ts';

const MARK = 1000;
const LIMIT = 5000;
const STUCK_MS = 10_000;

/** A link that drains at a pace of its own. */
class TestLink {
  unsentBytes = MARK;
  takenBytes = 0;

  take(bytes: number): void {
    this.unsentBytes -= bytes;
    this.takenBytes += bytes;
  }
}

describe('links over the mark', () => {
  let holds: boolean[];
  let slow: SlowLinks;

  beforeEach(() => {
    vi.useFakeTimers();
    holds = [];
    slow = new SlowLinks({
      markBytes: MARK,
      limitBytes: LIMIT,
      stuckMs: STUCK_MS,
      now: () => performance.now(),
      hold: (held) => holds.push(held),
    });
  });

  afterEach(() => {
    vi.useRealTimers();
  });

  it('hold the sources until they are back', () => {
    const link = new TestLink();
    slow.over(link);
    for (let i = 0; i < 10; i++) {
      vi.advanceTimersByTime(400);
      link.take(60);
    }
    expect(holds).toEqual([true]);
    slow.back(link);
    expect(holds).toEqual([true, false]);
    expect(vi.getTimerCount()).toBe(0);
  });

  it('hold the sources although the kernel hides for a while that they drain', () => {
    const link = new TestLink();
    slow.over(link);
    vi.advanceTimersByTime(400);
    link.take(60);
    vi.advanceTimersByTime(400);
    expect(holds).toEqual([true]);
  });

  it('that do not drain let the sources go, but no faster than to the limit in their time', () => {
    const link = new TestLink();
    slow.over(link);
    vi.advanceTimersByTime(STUCK_MS / 2);
    expect(holds).toEqual([true, false]);
    link.unsentBytes = LIMIT;
    slow.added(link);
    expect(holds).toEqual([true, false, true]);
    link.unsentBytes = MARK + ((LIMIT - MARK) / 2) * 0.7;
    vi.advanceTimersByTime(40);
    expect(holds).toEqual([true, false, true, false]);
  });

  it('hold the sources again once they drain', () => {
    const link = new TestLink();
    slow.over(link);
    vi.advanceTimersByTime(1000);
    expect(holds).toEqual([true, false]);
    link.take(100);
    vi.advanceTimersByTime(500);
    expect(holds).toEqual([true, false, true]);
  });

  it('hold the sources as long as one of them is helped by it', () => {
    const stuck = new TestLink();
    const slower = new TestLink();
    slow.over(stuck);
    slow.over(slower);
    for (let i = 0; i < 4; i++) {
      vi.advanceTimersByTime(400);
      slower.take(60);
    }
    expect(holds).toEqual([true]);
    slow.back(slower);
    vi.advanceTimersByTime(100);
    expect(holds).toEqual([true, false]);
  });
});
