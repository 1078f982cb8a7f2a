import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { type Halfway, SlowConsumers } from './slow-consumers.ts';

const MARK = 1000;
const LIMIT = 5000;
const STUCK_MS = 10_000;

/** A link that drains at a pace of its own. */
class TestLink {
  unsentBytes = MARK;
  takenBytes = 0;
  halfway: Halfway | undefined;

  take(bytes: number): void {
    this.unsentBytes -= bytes;
    this.takenBytes += bytes;
  }
}

describe('links over the mark', () => {
  let holds: boolean[];
  let slow: SlowConsumers;

  beforeEach(() => {
    vi.useFakeTimers();
    holds = [];
    slow = new SlowConsumers({
      markBytes: MARK,
      limitBytes: LIMIT,
      drainTimeoutMs: STUCK_MS,
      now: () => performance.now(),
      pause: (held) => holds.push(held),
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

  it('that took nothing all the way to the mark hold nobody, unless they drain after all', () => {
    const link = new TestLink();
    link.halfway = { atMs: performance.now(), takenBytes: 0 };
    vi.advanceTimersByTime(2000);
    slow.over(link);
    vi.advanceTimersByTime(1000);
    expect(holds).toEqual([]);
    link.take(100);
    vi.advanceTimersByTime(500);
    expect(holds).toEqual([true]);
  });

  it('that took enough on their way to the mark, or came there too fast to tell, hold the sources', () => {
    const draining = new TestLink();
    draining.halfway = { atMs: performance.now(), takenBytes: 0 };
    vi.advanceTimersByTime(2000);
    draining.take(200);
    slow.over(draining);
    expect(holds).toEqual([true]);
    slow.back(draining);
    const sudden = new TestLink();
    sudden.halfway = { atMs: performance.now(), takenBytes: 0 };
    vi.advanceTimersByTime(400);
    slow.over(sudden);
    expect(holds).toEqual([true, false, true]);
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
