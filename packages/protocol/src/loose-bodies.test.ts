import { describe, expect, it } from 'vitest';
import { ClientTypes, isPc, STANDARD_CLIENT_TYPES, wireClientType } from './client-types.ts';
import { encodeMessage } from './message-codec.ts';
import {
  decodeOnlineUserInfo,
  decodeUserStatusUpdate,
  decodeUsersStatusRequest,
  ListedClients,
  unknownClientTypeOf,
} from './presence-messages.ts';

function pduOf(bodyHex: string): Buffer {
  const body = Buffer.from(bodyHex.replaceAll(' ', ''), 'hex');
  const header = Buffer.alloc(16);
  header.writeUInt32BE(16 + body.length);
  return Buffer.concat([header, body]);
}

/** A number below 2^21 as a varint of three bytes. */
function varintHex(value: number): string {
  return Buffer.from([0x80 | (value & 0x7f), 0x80 | ((value >> 7) & 0x7f), value >> 14]).toString(
    'hex',
  );
}

describe('a list whose entries differ from those of msg_servers', () => {
  // The client type comes first.
  const ODD_ENTRY = '0a06 1801 0829 1001';

  it('is checked and read in slices, for any content', () => {
    const entries = 50_000;
    const list = pduOf(ODD_ENTRY.repeat(entries));
    const listed = new ListedClients(list);
    let checks = 1;
    while (listed.check(1000) === 'unfinished') checks++;
    expect(checks).toBe(entries / 1000);
    let taken = 0;
    while (listed.remaining > 0) {
      const part = listed.take(500).length;
      expect(part).toBeLessThanOrEqual(500);
      taken += part;
    }
    expect(taken).toBe(entries);
  });

  it('is checked in slices where it has unknown fields and no clients', () => {
    const listed = new ListedClients(pduOf('3801'.repeat(10_000)));
    let checks = 1;
    while (listed.check(1000) === 'unfinished') checks++;
    expect(checks).toBe(10);
    expect(listed.remaining).toBe(0);
  });

  it('is checked in smaller slices where entries have more fields than msg_servers write', () => {
    const [entries, unknown] = [1000, 96];
    const entry = `0a${varintHex(6 + 2 * unknown)} 1801 0829 1001 ${'3801'.repeat(unknown)}`;
    const listed = new ListedClients(pduOf(entry.repeat(entries)));
    let checks = 1;
    while (listed.check(1000) === 'unfinished') checks++;
    expect(checks).toBe((entries * (4 + unknown)) / 4000);
    expect(listed.remaining).toBe(entries);
    const parts: number[] = [];
    while (listed.remaining > 0) parts.push(listed.take(500).length);
    expect(Math.max(...parts)).toBe(2000 / (4 + unknown));
  });

  it.each([
    ['fields', '3801'],
    ['texts', '3a00'],
    ['values of its own', '0829'],
  ])('is bad where one entry has many thousands of %s', (_what, field) => {
    const entry = `0a${varintHex(6 + 2 * 10_000)} 1801 0829 1001 ${field.repeat(10_000)}`;
    expect(new ListedClients(pduOf(`${ODD_ENTRY}${entry}`)).check(4000)).toBe('bad');
  });

  it('is bad where it has more bytes of groups than any use requires', () => {
    // A group of 2,000 bytes.
    const group = `3b${'3801'.repeat(999)}3c`;
    const listOf = (groups: number): ListedClients =>
      new ListedClients(pduOf(`${group.repeat(groups)}${ODD_ENTRY}`));
    expect(listOf(30).check(4000)).toBe('good');
    expect(listOf(40).check(4000)).toBe('bad');
  });

  it('is bad as a whole when its last entry is', () => {
    const listed = new ListedClients(pduOf(`${ODD_ENTRY.repeat(3000)} 0a04 1801 0829`));
    let found = listed.check(1000);
    while (found === 'unfinished') found = listed.check(1000);
    expect([found, listed.remaining, listed.unknownClientType]).toEqual(['bad', 0, undefined]);
  });
});

describe('a query', () => {
  it.each(['plain', 'packed'])('is refused with more users than the limit (%s)', (form) => {
    const ids = Array.from({ length: 6 }, () => '1005').join('');
    const body = form === 'plain' ? `0801 ${ids}` : '0801 1206 050505050505';
    expect(decodeUsersStatusRequest(pduOf(body), 5)).toBe('too-many');
    expect(decodeUsersStatusRequest(pduOf(body), 6)).toMatchObject({ userIds: [5, 5, 5, 5, 5, 5] });
  });

  it.each([
    ['the querying user', '0802'],
    ['empty parts of the list', '1200'],
    ['texts for the answer', 'a20100'],
    ['unknown fields', '3801'],
    ['groups', `3b${'3801'.repeat(9)}3c`],
  ])('that repeats %s many thousands of times is dropped', (_what, field) => {
    const query = (times: number): Buffer => pduOf(`0801 ${field.repeat(times)} 1005`);
    expect(decodeUsersStatusRequest(query(1000), 100)).toMatchObject({ userIds: [5] });
    expect(decodeUsersStatusRequest(query(10_100), 100)).toBeUndefined();
  });
});

it('an update with many thousands of fields is dropped', () => {
  const update = (times: number): Buffer => pduOf(`${'3801'.repeat(times)} 0801 1007 1801`);
  expect(decodeUserStatusUpdate(update(9997))).toMatchObject({ userId: 7 });
  expect(decodeUserStatusUpdate(update(9998))).toBeUndefined();
});

describe('a client type of a fork', () => {
  const update = (clientType: number): Buffer =>
    encodeMessage('user_status_update', { userStatus: 1, userId: 7, clientType });
  const list = (clientType: number): Buffer =>
    encodeMessage('online_user_info', {
      userStatList: [
        { userId: 7, status: 1, clientType: 1 },
        { userId: 8, status: 1, clientType },
      ],
    });

  it('drops the body, and is named', () => {
    expect(decodeUserStatusUpdate(update(0x13))).toBeUndefined();
    expect(unknownClientTypeOf(update(0x13), STANDARD_CLIENT_TYPES)).toBe(0x13);
    const listed = new ListedClients(list(0x13));
    expect([listed.check(100), listed.unknownClientType]).toEqual(['bad', 0x13]);
  });

  it('is not named where the body lacks something else', () => {
    expect(unknownClientTypeOf(pduOf('0801 1813'), STANDARD_CLIENT_TYPES)).toBeUndefined();
    expect(unknownClientTypeOf(pduOf('0809 1007 1813'), STANDARD_CLIENT_TYPES)).toBeUndefined();
    expect(unknownClientTypeOf(pduOf('08'), STANDARD_CLIENT_TYPES)).toBeUndefined();
  });

  it('is removed as the type with which it was added, PC or mobile', () => {
    const types = new ClientTypes({ pc: [0x14], mobile: [0x13, 0x03] });
    const read = [0x13, 0x03, 0x14].map((wire) => decodeUserStatusUpdate(update(wire), types));
    expect(read.map((client) => isPc(client?.clientType ?? 0))).toEqual([false, false, true]);
    expect(read.map((client) => wireClientType(client?.clientType ?? 0))).toEqual([
      ...[0x13, 0x03, 0x14],
    ]);
    expect(decodeOnlineUserInfo(list(0x13), types)?.length).toBe(2);
    expect(decodeUserStatusUpdate(update(0x15), types)).toBeUndefined();
  });
});
