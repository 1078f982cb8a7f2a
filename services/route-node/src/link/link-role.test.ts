import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { LinkRole } from './link-role.ts';

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] });
});
afterEach(() => {
  vi.useRealTimers();
});

function roleOf(): { readonly role: LinkRole; readonly changes: boolean[] } {
  const changes: boolean[] = [];
  return { changes, role: new LinkRole((isMaster) => changes.push(isMaster)) };
}

test('a change of role takes effect at once, and a repeated declaration changes nothing', () => {
  const { role, changes } = roleOf();
  for (const isMaster of [true, true, false]) role.declare(isMaster);
  expect(changes).toEqual([true, false]);
  expect([role.declared, role.isMaster]).toEqual([false, false]);
});

test('of many changes in a row four take effect, and the last one after a second', () => {
  const { role, changes } = roleOf();
  for (let n = 0; n < 1001; n++) role.declare(n % 2 === 0);
  expect(changes).toEqual([true, false, true, false]);
  vi.advanceTimersByTime(1000);
  expect(changes).toEqual([true, false, true, false, true]);
});

test('each second without a declaration allows one more change at once, up to four', () => {
  const { role, changes } = roleOf();
  const change = (count: number): void => {
    for (let n = 0; n < count; n++) role.declare(!role.isMaster);
  };
  change(4);
  vi.advanceTimersByTime(2000);
  change(3);
  expect(changes).toHaveLength(6);
  vi.advanceTimersByTime(1000);
  expect(changes).toHaveLength(7);
  vi.advanceTimersByTime(100_000);
  change(5);
  expect(changes).toHaveLength(11);
});

test('a role declared just before the end of the link takes no effect after it', () => {
  const { role, changes } = roleOf();
  for (let n = 0; n < 5; n++) role.declare(n % 2 === 0);
  role.end();
  vi.advanceTimersByTime(5000);
  expect(changes).toHaveLength(4);
});
