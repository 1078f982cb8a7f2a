import { decodeMessage, encodeMessage, MSG_TYPE, TRANSFER_FILE_TYPE } from '@route/protocol';
import { expect, test } from 'vitest';
import { withoutContents } from './watch-routes.ts';

const SECRET = 'pässword';

function shown(pdu: Buffer): Record<string, unknown> {
  const decoded = decodeMessage(pdu);
  if (decoded === undefined) throw new Error('the PDU does not parse');
  return withoutContents(decoded.fields);
}

test.each([
  encodeMessage('msg_data', {
    fromUserId: 1,
    toSessionId: 2,
    msgId: 3,
    createTime: 4,
    msgType: MSG_TYPE.singleText,
    msgData: Buffer.from(SECRET),
    attachData: Buffer.from(SECRET),
  }),
  encodeMessage('switch_p2p_cmd', { fromUserId: 1, toUserId: 2, cmdMsgData: SECRET }),
  encodeMessage('sign_info_changed_notify', { changedUserId: 1, signInfo: SECRET }),
  encodeMessage('users_status_request', {
    userId: 1,
    userIdList: [2],
    attachData: Buffer.from(SECRET),
  }),
  encodeMessage('file_notify', {
    fromUserId: 1,
    toUserId: 2,
    fileName: SECRET,
    fileSize: 3,
    taskId: 'task',
    ipAddrList: [],
    transMode: TRANSFER_FILE_TYPE.online,
    offlineReady: 0,
  }),
])('shows only the length of user content (%#)', (pdu) => {
  const fields = shown(pdu);
  const text = JSON.stringify(fields);
  expect(text).not.toContain(SECRET);
  expect(text).not.toContain(Buffer.from(SECRET).toString('hex'));
  expect(text).not.toContain(String([...Buffer.from(SECRET)].slice(0, 3)));
  expect(text).toContain(`{"bytes":${Buffer.byteLength(SECRET)}}`);
});

test('shows ids, times and types as they are', () => {
  const pdu = encodeMessage('msg_read_notify', {
    userId: 1,
    sessionId: 2,
    msgId: 3,
    sessionType: 1,
  });
  expect(shown(pdu)).toEqual({ userId: 1, sessionId: 2, msgId: 3, sessionType: 1 });
});
