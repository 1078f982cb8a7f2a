import { expect, test } from 'vitest';
import { RecentUsers } from './recent-users.ts';

function usersOf(recent: RecentUsers): number[] {
  const users: number[] = [];
  recent.forEach((userId) => {
    users.push(userId);
  });
  return users.sort((a, b) => a - b);
}

test('users are kept for one to two times the time given', () => {
  let now = 0;
  const recent = new RecentUsers({ keepMs: 1000, now: () => now });
  recent.set(1, 5);
  now = 900;
  recent.set(2, 6);
  now = 1100;
  recent.set(3, 7);
  expect([1, 2, 3, 4].map((userId) => recent.get(userId))).toEqual([5, 6, 7, 0]);
  expect(usersOf(recent)).toEqual([1, 2, 3]);
  recent.delete(1);
  now = 2200;
  expect(usersOf(recent)).toEqual([3]);
  now = 5000;
  expect(usersOf(recent)).toEqual([]);
});

test('keeps the users set last when there are too many', () => {
  const recent = new RecentUsers({ keepMs: 1000, most: 10, now: () => 0 });
  for (let userId = 1; userId <= 35; userId++) recent.set(userId, 1);
  expect(usersOf(recent)).toEqual(Array.from({ length: 15 }, (_, i) => 21 + i));
});
