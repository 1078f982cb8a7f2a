import {
  CLIENT_TYPE,
  encodeMessage,
  GROUP_MODIFY_TYPE,
  type HeaderChoice,
  MSG_TYPE,
  type MsgType,
  SESSION_TYPE,
  TRANSFER_FILE_TYPE,
} from '@route/protocol';
import type { SeededRandom } from './seeded-random.ts';

/** The users that a PDU may name; the second only where the command names two. */
export interface Named {
  readonly first: number;
  readonly second: number;
}

type Make = (users: Named, header: HeaderChoice) => Buffer;

function message(msgType: MsgType): Make {
  return ({ first, second }, header) => {
    const text = { msgId: 1, createTime: 0, msgData: Buffer.from('hello') };
    const fields = { fromUserId: first, toSessionId: second, msgType, ...text };
    return encodeMessage('msg_data', fields, header);
  };
}

const kick: Make = ({ first: userId }, header) =>
  encodeMessage('server_kick_user', { userId, clientType: CLIENT_TYPE.mac, reason: 2 }, header);

const switchP2p: Make = ({ first, second }, header) => {
  const fields = { fromUserId: first, toUserId: second, cmdMsgData: '{"cmd":1}' };
  return encodeMessage('switch_p2p_cmd', fields, header);
};

/** Returns a PDU's header with another body. */
function withBody(pdu: Buffer, body: Buffer): Buffer {
  const changed = Buffer.concat([pdu.subarray(0, 16), body]);
  changed.writeUInt32BE(changed.length, 0);
  return changed;
}

function fiveByteVarint(value: number): number[] {
  return [0, 7, 14, 21, 28].map((shift) => ((value >>> shift) & 0x7f) | (shift < 28 ? 0x80 : 0));
}

/** Every command addressed to users. */
const DIRECTED: readonly Make[] = [
  message(MSG_TYPE.singleText),
  message(MSG_TYPE.singleAudio),
  ({ first: userId, second: sessionId }, header) => {
    const fields = { userId, sessionId, msgId: 3, sessionType: SESSION_TYPE.single };
    return encodeMessage('msg_read_notify', fields, header);
  },
  kick,
  ({ first: userId, second: sessionId }, header) => {
    const fields = { userId, sessionType: SESSION_TYPE.group, sessionId };
    return encodeMessage('remove_session_notify', fields, header);
  },
  switchP2p,
  ({ first, second }, header) => {
    const file = { fileName: 'plan.txt', fileSize: 100, taskId: 'task-1', offlineReady: 1 };
    const way = { ipAddrList: [], transMode: TRANSFER_FILE_TYPE.offline };
    const fields = { fromUserId: first, toUserId: second, ...file, ...way };
    return encodeMessage('file_notify', fields, header);
  },
  // An overlong varint as user id, and an unknown field.
  (users, header) => {
    const restOfFields = [0x10, CLIENT_TYPE.mac, 0x18, 2, 0xf0, 0x01, 5];
    const body = Buffer.from([0x08, ...fiveByteVarint(users.first), ...restOfFields]);
    return withBody(kick(users, header), body);
  },
  // Larger than the copy limit, and larger than one frame of the bus.
  ({ first, second }, header) => {
    const fields = { fromUserId: first, toUserId: second, cmdMsgData: 'x'.repeat(40_000) };
    return encodeMessage('switch_p2p_cmd', fields, header);
  },
];

/** Broadcast PDUs, and bodies that do not parse. */
const BROADCAST: readonly Make[] = [
  message(MSG_TYPE.groupText),
  message(MSG_TYPE.groupAudio),
  ({ first: userId, second }, header) => {
    const lists = { curUserIdList: [userId, second], chgUserIdList: [second] };
    const fields = { userId, changeType: GROUP_MODIFY_TYPE.add, groupId: 9, ...lists };
    return encodeMessage('group_change_member_notify', fields, header);
  },
  ({ first: changedUserId }, header) =>
    encodeMessage('sign_info_changed_notify', { changedUserId, signInfo: 'away' }, header),
  (users, header) => withBody(kick(users, header), Buffer.alloc(0)),
  (users, header) => withBody(switchP2p(users, header), Buffer.from('no protobuf')),
  (users, header) => {
    const pdu = switchP2p(users, header);
    return withBody(pdu, pdu.subarray(16, -2));
  },
];

/** One PDU of each relayed kind. */
export function randomRelayed(random: SeededRandom, users: Named, header: HeaderChoice): Buffer {
  return random.pick(random.next() < 0.7 ? DIRECTED : BROADCAST)(users, header);
}
