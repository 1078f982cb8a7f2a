import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { type Halfway, SlowConsumers } from './slow-consumers.ts';

const MARK = 1000;
const LIMIT = 5000;
const STUCK_MS = 10_000;

/** A link that drains when the test says so. */
class TestLink {
  unsentBytes = MARK;
  sentBytes = 0;
  halfway: Halfway | undefined;

  take(bytes: number): void {
    this.unsentBytes -= bytes;
    this.sentBytes += bytes;
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

  it('pause reading until they are back under it', () => {
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

  it('pause reading although kernel buffers hide for a while that they drain', () => {
    const link = new TestLink();
    slow.over(link);
    vi.advanceTimersByTime(400);
    link.take(60);
    vi.advanceTimersByTime(400);
    expect(holds).toEqual([true]);
  });

  it('that do not drain pause reading only to stay below the limit until the timeout', () => {
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

  it('that took nothing before the mark do not pause reading, unless they drain after all', () => {
    const link = new TestLink();
    link.halfway = { atMs: performance.now(), sentBytes: 0 };
    vi.advanceTimersByTime(2000);
    slow.over(link);
    vi.advanceTimersByTime(1000);
    expect(holds).toEqual([]);
    link.take(100);
    vi.advanceTimersByTime(500);
    expect(holds).toEqual([true]);
  });

  it('that drained before the mark, or reached it too fast to tell, pause reading', () => {
    const draining = new TestLink();
    draining.halfway = { atMs: performance.now(), sentBytes: 0 };
    vi.advanceTimersByTime(2000);
    draining.take(200);
    slow.over(draining);
    expect(holds).toEqual([true]);
    slow.back(draining);
    const sudden = new TestLink();
    sudden.halfway = { atMs: performance.now(), sentBytes: 0 };
    vi.advanceTimersByTime(400);
    slow.over(sudden);
    expect(holds).toEqual([true, false, true]);
  });

  it('pause reading again once they drain', () => {
    const link = new TestLink();
    slow.over(link);
    vi.advanceTimersByTime(1000);
    expect(holds).toEqual([true, false]);
    link.take(100);
    vi.advanceTimersByTime(500);
    expect(holds).toEqual([true, false, true]);
  });

  it('pause reading as long as it helps one of them', () => {
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
