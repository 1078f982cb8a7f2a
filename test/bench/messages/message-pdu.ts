import { encodeMessage, MSG_TYPE } from '@route/protocol';
import type { PlannedMessage } from './traffic.ts';

/** Bytes of every message, header included. */
export const MESSAGE_BYTES = 160;
/** A message's last bytes, which can hold a stamp. */
export const STAMP_BYTES = 8;

/** A five-byte time, as in all current messages. */
const CREATED_AT = 1_700_000_000;
/** Builds a message as a msg_server sends it; its number is its ordinal. */
export function messagePdu({ fromUser, to, toSession, ordinal }: PlannedMessage): Buffer {
  const fields = {
    fromUserId: fromUser,
    toSessionId: toSession,
    msgId: ordinal,
    createTime: CREATED_AT,
    msgType: to === undefined ? MSG_TYPE.groupText : MSG_TYPE.singleText,
  };
  const empty = encodeMessage('msg_data', { ...fields, msgData: Buffer.alloc(0) });
  const text = Buffer.alloc(MESSAGE_BYTES - empty.length, 'x');
  return encodeMessage('msg_data', { ...fields, msgData: text });
}
