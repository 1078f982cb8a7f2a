import { type ClientStatus, decodeOnlineUserInfo } from '@route/protocol';
import { expect, test } from 'vitest';
import { encodeSnapshot } from './snapshot.ts';

const LARGEST: ClientStatus = { userId: 0xffff_ffff, status: 3, clientType: 0x12 };

test('a list is one PDU, also without clients', () => {
  expect(encodeSnapshot([], 1000).map((pdu) => decodeOnlineUserInfo(pdu))).toEqual([[]]);
  const two = [LARGEST, { userId: 0, status: 1, clientType: 1 } as const];
  expect(encodeSnapshot(two, 1000).map((pdu) => decodeOnlineUserInfo(pdu))).toEqual([two]);
});

test('splits a list too long for a PDU, with none longer than allowed and no user twice', () => {
  const clients = Array.from({ length: 1000 }, () => LARGEST);
  const pdus = encodeSnapshot(clients, 500);
  expect(pdus.length).toBeGreaterThan(20);
  expect(Math.max(...pdus.map(({ length }) => length))).toBeLessThanOrEqual(500);
  expect(pdus.flatMap((pdu) => decodeOnlineUserInfo(pdu) ?? [])).toEqual(clients);
});
