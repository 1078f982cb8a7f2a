import { CLIENT_TYPE, ClientTypes, USER_STATUS } from '@route/protocol';
import { shardOf } from '@route/redis';
import { expect, test } from 'vitest';
import { addCounts, countsByType, parseClientCounts } from './client-counts.ts';
import { Ledger } from './ledger.ts';
import { PresenceEntry } from './presence-entry.ts';
import { statsOf } from './presence-stats.ts';

const NO_CLIENTS = countsByType([]);
const types = new ClientTypes({ pc: [0x03, 0x14], mobile: [0x13] });
const { online, leave } = USER_STATUS;

function holding(...wireTypes: readonly number[]): PresenceEntry {
  return wireTypes.reduce((held, wire) => {
    const clientType = types.of(wire);
    if (clientType === undefined) throw new Error(`unknown client type ${wire}`);
    return held.updated({ userId: 1, status: online, clientType });
  }, PresenceEntry.NOTHING);
}

test('an entry keeps added client types apart from the four of the protocol', () => {
  const held = holding(CLIENT_TYPE.windows, 0x03, 0x13, 0x13, CLIENT_TYPE.ios);
  expect(held.clients).toEqual({
    ...{ windows: 1, mac: 0, ios: 1, android: 0, others: { '0x3': 1, '0x13': 2 } },
  });
  expect(parseClientCounts(held.text)).toEqual(held.clients);
  expect(held.updated({ userId: 1, status: USER_STATUS.offline, clientType: 0x12 })).toBe(held);
});

test('an added PC type makes a user a PC user, and is written with the letter that scripts look for', () => {
  expect([holding(0x03).state, holding(0x14).state, holding(0x13).state]).toEqual([
    ...['pc', 'pc', 'mobile-only'],
  ]);
  expect(holding(0x14).text).toMatch(/^[^;]*[wm]/);
  expect(holding(0x13).text).not.toMatch(/[wm]/);
});

test('the PC client shown for a user may be one of an added type', () => {
  expect(holding(0x13).pcClient(7)).toBeUndefined();
  const held = holding(0x13, 0x03);
  expect(held.pcClient(7)).toEqual({ userId: 7, clientType: types.of(0x03), status: online });
});

test('stats count added types, and omit them if there are none', () => {
  const ledger = new Ledger();
  for (const [userId, wire] of [
    [1, 0x13],
    [65, 0x13],
  ] as const) {
    ledger.update({ userId, status: leave, clientType: types.of(wire) ?? 0 });
  }
  const tallies = [...new Set([1, 65].map(shardOf))].map((shard) => statsOf([ledger], shard));
  const clients = tallies.reduce((sum, tally) => addCounts(sum, tally.clients, 1), NO_CLIENTS);
  expect(clients.others).toEqual({ '0x13': 2 });
  expect(addCounts(NO_CLIENTS, NO_CLIENTS, 3)).toEqual(NO_CLIENTS);
});
