import { HEADER_BYTES } from '@route/protocol';

const FIELDS = { fromUser: 1, toSession: 2, msgId: 3, msgType: 5 } as const;

/**
 * The fields that a msg_server reads to find a message's recipient, in place and without an object.
 * Reading stops at the type, which precedes the text.
 */
export class MessageHead {
  fromUser = 0;
  toSession = 0;
  msgId = 0;
  msgType = 0;

  /** Reads a whole PDU, header included. */
  read(bytes: Buffer, start: number, end: number): void {
    let at = start + HEADER_BYTES;
    while (at < end) {
      const field = (bytes[at++] ?? 0) >>> 3;
      let byte = bytes[at++] ?? 0;
      let value = byte & 0x7f;
      for (let scale = 128; byte >= 0x80 && at < end; scale *= 128) {
        byte = bytes[at++] ?? 0;
        value += (byte & 0x7f) * scale;
      }
      if (field === FIELDS.fromUser) this.fromUser = value;
      else if (field === FIELDS.toSession) this.toSession = value;
      else if (field === FIELDS.msgId) this.msgId = value;
      else if (field === FIELDS.msgType) {
        this.msgType = value;
        return;
      }
    }
  }
}
