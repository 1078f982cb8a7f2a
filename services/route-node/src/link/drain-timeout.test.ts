import { expect, test } from 'vitest';
import { DrainTimeout } from './drain-timeout.ts';

const MARK = 800;
const STUCK_MS = 10_000;

function watch(): DrainTimeout {
  return new DrainTimeout({ markBytes: MARK, drainTimeoutMs: STUCK_MS });
}

test('a link whose backlog does not shrink is stuck after the drain timeout', () => {
  const it = watch();
  it.over(MARK, 0);
  it.over(MARK + 500, 5_000);
  it.over(MARK + 450, 9_000);
  expect(it.isStuck(9_999)).toBe(false);
  expect(it.isStuck(10_000)).toBe(true);
});

test('a link is not stuck while its backlog shrinks, however large it was', () => {
  const it = watch();
  it.over(MARK, 0);
  it.over(3 * MARK, 1_000);
  for (let left = 3 * MARK, now = 1_000; left > MARK / 2; left -= MARK / 8, now += 9_000) {
    it.over(left, now);
    expect(it.isStuck(now)).toBe(false);
  }
});

test('a link that drains a little and is given more in all that time is stuck', () => {
  const it = watch();
  it.over(MARK, 0);
  for (let now = 1_000; now < 10_000; now += 1_000) it.over(MARK - 50 + now / 1_000, now);
  expect(it.isStuck(10_000)).toBe(true);
});

test('the drain timeout starts again for a link that was back under the mark', () => {
  const it = watch();
  it.over(MARK, 0);
  it.back();
  expect(it.isOver).toBe(false);
  expect(it.isStuck(20_000)).toBe(false);
  it.over(MARK, 20_000);
  expect(it.isStuck(29_999)).toBe(false);
});

test('time in which the node itself sent nothing does not count', () => {
  const it = watch();
  it.over(MARK, 0);
  it.excuse(30_000);
  expect(it.isStuck(39_999)).toBe(false);
  expect(it.isStuck(40_000)).toBe(true);
});
