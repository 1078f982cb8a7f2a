import { shardOf } from '@route/redis';
import { expect, test } from 'vitest';
import { client } from '../testing/asking.ts';
import { Ledger } from './ledger.ts';

const USER = 7;

test('a user with more clients than shared entries cover is counted like any other until all are gone', () => {
  const ledger = new Ledger();
  const counts: number[] = [];
  for (let i = 0; i < 6; i++) ledger.update(client(USER, 'windows', 'online'));
  ledger.update(client(8, 'ios', 'online'));
  expect(ledger.entry(USER).text).toBe('w6');
  expect(ledger.usersOf(shardOf(USER), 'pc')).toEqual([USER]);
  const texts: string[] = [];
  ledger.eachEntry(shardOf(USER), (holding) => texts.push(holding.text));
  expect(texts).toContain('w6');
  for (let i = 0; i < 6; i++) {
    ledger.update(client(USER, 'windows', 'offline'));
    counts.push(ledger.entry(USER).clients.windows);
  }
  expect(counts).toEqual([5, 4, 3, 2, 1, 0]);
  expect(ledger.size).toBe(1);
  expect(ledger.holdsIn(shardOf(USER))).toBe(shardOf(8) === shardOf(USER));
});
