import type { ClientStatus } from '@route/protocol';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { ALL_STATUSES, ALL_TYPES, client } from '../testing/asking.ts';
import { PresenceModel } from '../testing/model.ts';
import { Ledger } from './ledger.ts';
import { PresenceEntry } from './presence-entry.ts';

const LINK = 'node.1';
const USER = 7;

const change = fc.record({
  userId: fc.constantFrom(USER, 0, 4_294_967_295),
  clientType: fc.constantFrom(...ALL_TYPES),
  status: fc.constantFrom(...ALL_STATUSES),
});

function updated(...changes: readonly ClientStatus[]): PresenceEntry {
  return changes.reduce((holding, update) => holding.updated(update), PresenceEntry.NOTHING);
}

test('an entry is written as a letter and a count for each type, in one order', () => {
  const holding = updated(
    client(USER, 'android', 'online'),
    client(USER, 'ios', 'leave'),
    client(USER, 'mac', 'online'),
    client(USER, 'windows', 'online'),
    client(USER, 'android', 'online'),
  );
  expect(holding.text).toBe('w1m1i1a2');
  expect(holding.state).toBe('pc');
  expect(holding.clients.android).toBe(2);
});

test('NOTHING is always the same object', () => {
  const gone = updated(client(USER, 'ios', 'online'), client(USER, 'ios', 'offline'));
  expect(gone).toBe(PresenceEntry.NOTHING);
  expect(gone.isNothing).toBe(true);
  expect(gone.state).toBe('gone');
});

test('users with the same clients share one entry', () => {
  const once = updated(client(USER, 'windows', 'online'), client(USER, 'ios', 'leave'));
  const again = updated(client(USER, 'ios', 'leave'), client(USER, 'windows', 'online'));
  expect(once).toBe(again);
});

test('many clients of a type are counted, and back at few the entry is shared again', () => {
  let holding = PresenceEntry.NOTHING;
  for (let i = 0; i < 1_000; i++) holding = holding.updated(client(USER, 'android', 'online'));
  expect(holding.text).toBe('a1000');
  expect(holding.state).toBe('mobile-only');
  for (let i = 0; i < 998; i++) holding = holding.updated(client(USER, 'android', 'offline'));
  expect(holding).toBe(
    updated(client(USER, 'android', 'online'), client(USER, 'android', 'online')),
  );
});

test('when a client goes, away clients stay away up to the remaining count', () => {
  const bothAway = updated(
    client(USER, 'mac', 'online'),
    client(USER, 'mac', 'online'),
    client(USER, 'mac', 'leave'),
    client(USER, 'mac', 'leave'),
  );
  const oneLeft = bothAway.updated(client(USER, 'mac', 'offline'));
  // The remaining client is away. It comes back, and the ONLINE after that is another client.
  const back = oneLeft.updated(client(USER, 'mac', 'online'));
  expect(back.text).toBe('m1');
  expect(back.updated(client(USER, 'mac', 'online')).text).toBe('m2');
});

test('a ledger matches the model for any reports', () => {
  const changes = fc.array(fc.record({ isEntry: fc.boolean(), change }), { maxLength: 200 });
  fc.assert(
    fc.property(changes, (all) => {
      const ledger = new Ledger();
      const model = new PresenceModel();
      model.open(LINK, false);
      for (const { isEntry, change } of all) {
        const holding = isEntry ? ledger.add(change) : ledger.update(change);
        if (isEntry) model.snapshot(LINK, [change]);
        else model.update(LINK, change);
        expect(holding.text).toBe(model.holding(LINK, change.userId));
        expect(ledger.entry(change.userId)).toBe(holding);
      }
      const held = [...Array(64).keys()].flatMap((shard) => ledger.usersOf(shard));
      expect(held.sort()).toEqual([...model.records().keys()].sort());
      expect(ledger.size).toBe(held.length);
      for (let shard = 0; shard < 64; shard++) {
        expect(ledger.holdsIn(shard)).toBe(ledger.usersOf(shard).length > 0);
      }
    }),
  );
});

test('a PC client is returned before a mobile one, and an active one before one that is away', () => {
  expect(updated(client(USER, 'ios', 'online')).pcClient(USER)).toBeUndefined();
  const away = updated(client(USER, 'ios', 'online'), client(USER, 'windows', 'leave'));
  expect(away.pcClient(USER)).toEqual(client(USER, 'windows', 'leave'));
  const there = away.updated(client(USER, 'mac', 'online'));
  expect(there.pcClient(USER)).toEqual(client(USER, 'mac', 'online'));
});
