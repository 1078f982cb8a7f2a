import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodeFields, encodeMessage } from './message-codec.ts';
import { CLIENT_TYPE, isUserStatus, USER_STATUS } from './message-fields.ts';
import {
  decodeOnlineUserInfo,
  decodeUserStatusUpdate,
  decodeUsersStatusRequest,
  encodeLoginStatusNotify,
  encodeStatusNotify,
  encodeUsersStatusResponse,
  ListedClients,
} from './presence-messages.ts';

const userId = fc.oneof(
  fc.nat(300),
  fc.integer({ min: 0, max: 0xffff_ffff }),
  fc.constantFrom(0x7f, 0x80, 0x3fff, 0x4000, 0x1f_ffff, 0x20_0000, 0xfff_ffff, 0x1000_0000),
);
const client = fc.record({
  userId,
  status: fc.constantFrom(...Object.values(USER_STATUS)),
  clientType: fc.constantFrom(...Object.values(CLIENT_TYPE)),
});
const attachData = fc.uint8Array({ maxLength: 200 }).map((bytes) => Buffer.from(bytes));

const pdu = fc.oneof(
  client.map(({ status: userStatus, ...rest }) =>
    encodeMessage('user_status_update', { userStatus, ...rest }),
  ),
  fc
    .array(client, { maxLength: 6 })
    .map((userStatList) => encodeMessage('online_user_info', { userStatList })),
  fc
    .tuple(userId, fc.array(userId, { maxLength: 8 }), fc.option(attachData), fc.nat(0xffff))
    .map(([id, userIdList, attached, seqNum]) => {
      const fields = { userId: id, userIdList, ...(attached && { attachData: attached }) };
      return encodeMessage('users_status_request', fields, { seqNum });
    }),
);

/** A change in a body: bytes inserted, removed or replaced. */
const mutation = fc.record({
  at: fc.double({ min: 0, max: 1, noNaN: true }),
  removed: fc.nat(3),
  // Tags of the fields, in the right and in wrong wire types, long varints, and anything.
  added: fc.oneof(
    fc.constantFrom('08', '10', '18', '0a', '12', 'a201', '1a', '0800', '80', 'ffffffff0f', '8100'),
    fc.constantFrom('ffffffffffffffffff01', '0b0c', '38ff01', '1003', '1801', '0802', '0a00', ''),
    fc.uint8Array({ maxLength: 4 }).map((bytes) => Buffer.from(bytes).toString('hex')),
  ),
});

function mutated(
  whole: Buffer,
  mutations: readonly { at: number; removed: number; added: string }[],
) {
  let body = whole.subarray(16);
  for (const { at, removed, added } of mutations) {
    const start = Math.floor(at * body.length);
    const rest = body.subarray(start + removed);
    body = Buffer.concat([body.subarray(0, start), Buffer.from(added, 'hex'), rest]);
  }
  return Buffer.concat([whole.subarray(0, 16), body]);
}

/** The codec's result for a PDU, independent of its origin. */
function byTheCodec(bytes: Buffer): unknown {
  const update = decodeFields('user_status_update', bytes);
  const request = decodeFields('users_status_request', bytes);
  return {
    update:
      update !== undefined && isUserStatus(update.userStatus)
        ? { userId: update.userId, status: update.userStatus, clientType: update.clientType }
        : undefined,
    snapshot: decodeFields('online_user_info', bytes)?.userStatList,
    request: request && {
      userId: request.userId,
      userIds: request.userIdList,
      attachData: (request.attachData ?? Buffer.alloc(0)).toString('hex'),
      seqNum: bytes.readUInt16BE(12),
    },
  };
}

function asRead(bytes: Buffer): unknown {
  const request = decodeUsersStatusRequest(bytes, 1000);
  return {
    update: decodeUserStatusUpdate(bytes),
    snapshot: decodeOnlineUserInfo(bytes),
    request: request &&
      request !== 'too-many' && { ...request, attachData: request.attachData.toString('hex') },
  };
}

describe('a body read in place', () => {
  it('equals the codec’s result, intact or damaged in any way', () => {
    fc.assert(
      fc.property(pdu, fc.array(mutation, { maxLength: 3 }), (whole, mutations) => {
        const bytes = mutated(whole, mutations);
        expect(asRead(bytes)).toEqual(byTheCodec(bytes));
      }),
      { numRuns: 3000 },
    );
  });

  it('lists the same clients, a part at a time or all at once', () => {
    const someClients = fc.array(client, { maxLength: 20 });
    fc.assert(
      fc.property(
        someClients,
        fc.integer({ min: 1, max: 7 }),
        fc.boolean(),
        (clients, part, odd) => {
          const plain = encodeMessage('online_user_info', { userStatList: clients });
          // An unknown field: the list is then not read in place.
          const bytes = odd ? Buffer.concat([plain, Buffer.from('3801', 'hex')]) : plain;
          const listed = new ListedClients(bytes);
          let checks = 1;
          while (listed.check(part) === 'unfinished') checks++;
          const taken = [];
          while (listed.remaining > 0) taken.push(...listed.take(part));
          expect(taken).toEqual(clients);
          if (!odd) expect(checks).toBe(Math.max(1, Math.ceil(clients.length / part)));
        },
      ),
    );
  });
});

describe('a list that is checked a part at a time', () => {
  it('is bad as a whole, wherever its bad entry is', () => {
    const clients = Array.from({ length: 10 }, (_, i) => {
      return { userId: 1 + i, status: USER_STATUS.online, clientType: CLIENT_TYPE.windows };
    });
    const good = encodeMessage('online_user_info', { userStatList: clients });
    const entryBytes = (good.length - 16) / clients.length;
    for (let entry = 0; entry < clients.length; entry++) {
      const bytes = Buffer.from(good);
      // The last byte of an entry is its client type.
      bytes[16 + (entry + 1) * entryBytes - 1] = 9;
      const listed = new ListedClients(bytes);
      let checked = listed.check(3);
      while (checked === 'unfinished') checked = listed.check(3);
      expect([checked, listed.remaining], `entry ${entry}`).toEqual(['bad', 0]);
    }
  });
});

describe('a PDU made by a route server', () => {
  it('equals the codec’s encoding of its fields, byte by byte', () => {
    const stats = fc.array(client, { maxLength: 20 });
    fc.assert(
      fc.property(client, stats, attachData, fc.nat(0xffff), (one, many, attached, seqNum) => {
        const { userId: id, status } = one;
        expect(encodeStatusNotify(id, status)).toEqual(
          encodeMessage('status_notify', { userStat: { userId: id, status } }),
        );
        for (const online of [true, false]) {
          expect(encodeLoginStatusNotify(id, online)).toEqual(
            encodeMessage('login_status_notify', { userId: id, loginStatus: online ? 1 : 0 }),
          );
        }
        expect(
          encodeUsersStatusResponse({ userId: id, stats: many, attachData: attached, seqNum }),
        ).toEqual(
          encodeMessage(
            'users_status_response',
            { userId: id, userStatList: many, attachData: attached },
            { seqNum },
          ),
        );
      }),
      { numRuns: 2000 },
    );
  });
});
