import { shardOf } from '@route/redis';
import { expect, test } from 'vitest';
import { AnnouncedUsers } from './announced-users.ts';

const USER = 7;
const SECOND = 1_000_000;

test('an announcement that only Redis knows counts', () => {
  const users = new AnnouncedUsers(() => 0);
  users.noteStored(USER, 5 * SECOND);
  expect(users.has(USER)).toBe(true);
  expect(users.inShard(shardOf(USER))).toEqual([USER, 5 * SECOND]);
});

test('an announcement in a Redis that was rolled back does not count if another status was announced since', () => {
  const users = new AnnouncedUsers(() => 0);
  users.note(USER, 'grace-over', 5 * SECOND);
  users.note(USER, 'there', 5 * SECOND + 1);
  users.noteStored(USER, 5 * SECOND);
  expect(users.has(USER)).toBe(false);
});

test('a later announcement in Redis counts again', () => {
  const users = new AnnouncedUsers(() => 0);
  users.note(USER, 'grace-over', 5 * SECOND);
  users.note(USER, 'there', 6 * SECOND);
  users.note(USER, 'gone', 7 * SECOND);
  users.noteStored(USER, 6.5 * SECOND);
  expect(users.has(USER)).toBe(false);
  users.noteStored(USER, 9 * SECOND);
  expect(users.has(USER)).toBe(true);
});
