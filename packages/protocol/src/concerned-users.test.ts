import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ConcernedUsers } from './concerned-users.ts';
import { HEADER_BYTES } from './header.ts';
import { encodeMessage } from './message-codec.ts';
import {
  GROUP_MODIFY_TYPE,
  MSG_TYPE,
  type MsgType,
  SESSION_TYPE,
  TRANSFER_FILE_TYPE,
} from './message-fields.ts';

const userId = fc.oneof(fc.nat({ max: 300 }), fc.integer({ min: 0, max: 0xffff_ffff }));
const data = fc.uint8Array({ maxLength: 300 }).map((bytes) => Buffer.from(bytes));

/**
 * The users that a PDU is addressed to, read at an offset within other bytes; undefined for a
 * broadcast.
 */
function concerned(pdu: Buffer): [number, number] | undefined {
  const within = Buffer.concat([Buffer.alloc(7, 0xff), pdu, Buffer.alloc(5, 0xff)]);
  const users = new ConcernedUsers();
  return users.read(within, 7, 7 + pdu.length) ? [users.first, users.second] : undefined;
}

function message(
  from: number,
  to: number,
  msgType: MsgType,
  msgData = Buffer.from('hello'),
): Buffer {
  const fields = { fromUserId: from, toSessionId: to, msgId: 1, createTime: 2 };
  return encodeMessage('msg_data', { ...fields, msgType, msgData });
}

test('a message to a single user is addressed to its receiver and its sender, with any content', () => {
  const single = fc.constantFrom(MSG_TYPE.singleText, MSG_TYPE.singleAudio);
  fc.assert(
    fc.property(userId, userId, single, data, (from, to, msgType, msgData) => {
      expect(concerned(message(from, to, msgType, msgData))).toEqual([from, to]);
    }),
  );
});

describe('a broadcast is', () => {
  test('a message to a group, or of an unknown type', () => {
    for (const msgType of [MSG_TYPE.groupText, MSG_TYPE.groupAudio]) {
      expect(concerned(message(1, 2, msgType))).toBeUndefined();
    }
    const unknown = message(1, 2, MSG_TYPE.singleText);
    unknown[unknown.indexOf(Buffer.from([0x28, MSG_TYPE.singleText])) + 1] = 3;
    expect(concerned(unknown)).toBeUndefined();
  });

  test('a body of more than 1,000 fields', () => {
    const pduWith = (unknown: number): Buffer => {
      const pdu = Buffer.concat([
        message(1, 2, MSG_TYPE.singleText),
        Buffer.from('6801'.repeat(unknown), 'hex'),
      ]);
      pdu.writeUInt32BE(pdu.length, 0);
      return pdu;
    };
    expect(concerned(pduWith(994))).toEqual([1, 2]);
    expect(concerned(pduWith(995))).toBeUndefined();
  });

  test('a changed group and a changed signature', () => {
    const signature = { changedUserId: 7, signInfo: 'away' };
    expect(concerned(encodeMessage('sign_info_changed_notify', signature))).toBeUndefined();
    const change = { userId: 7, groupId: 2, curUserIdList: [1], chgUserIdList: [3] };
    const changed = { ...change, changeType: GROUP_MODIFY_TYPE.add };
    expect(concerned(encodeMessage('group_change_member_notify', changed))).toBeUndefined();
  });

  test('a body that ends too early, lacks a user or names one twice', () => {
    const whole = message(300, 400, MSG_TYPE.singleText);
    // A cut right before the text keeps everything that names the users.
    const text = whole.length - 'hello'.length - 2;
    for (let end = HEADER_BYTES; end < whole.length; end++) {
      if (end !== text) expect(concerned(whole.subarray(0, end))).toBeUndefined();
    }
    const twice = Buffer.concat([whole, Buffer.from([0x10, 0x05])]);
    expect(concerned(twice)).toBeUndefined();
  });
});

test('reads, kicks and removed sessions are addressed to their user', () => {
  fc.assert(
    fc.property(userId, userId, (user, other) => {
      const session = { userId: user, sessionId: other, sessionType: SESSION_TYPE.single };
      const pdus = [
        encodeMessage('msg_read_notify', { ...session, msgId: 1 }),
        encodeMessage('remove_session_notify', session),
        encodeMessage('server_kick_user', { userId: user, clientType: 1, reason: 1 }),
      ];
      for (const pdu of pdus) expect(concerned(pdu)).toEqual([user, user]);
    }),
  );
});

test('P2P commands and files concern both users', () => {
  fc.assert(
    fc.property(userId, userId, (from, to) => {
      const both = { fromUserId: from, toUserId: to };
      const file = { fileName: 'a', fileSize: 1, taskId: 't', ipAddrList: [], offlineReady: 0 };
      const pdus = [
        encodeMessage('switch_p2p_cmd', { ...both, cmdMsgData: 'x' }),
        encodeMessage('file_notify', { ...both, ...file, transMode: TRANSFER_FILE_TYPE.online }),
      ];
      for (const pdu of pdus) expect(concerned(pdu)).toEqual([from, to]);
    }),
  );
});

test('bytes that are no body are never thrown at', () => {
  fc.assert(
    fc.property(data, (noise) => {
      const pdu = Buffer.concat([message(1, 2, 1).subarray(0, HEADER_BYTES), noise]);
      concerned(pdu);
    }),
  );
});
