import { HEADER_BYTES } from '@route/protocol';
import type { Notice } from './notices.ts';

/** The kinds of bus entries: PDUs to be relayed as they are, and notices. */
export const ENTRY_KINDS = { run: 1, notice: 2 } as const;

/** Kinds of which neighbours may be joined: runs are whole PDUs, notices tell their own length. */
export const MERGEABLE_KINDS: readonly number[] = Object.values(ENTRY_KINDS);

/** kind (uint8), version (float64), user id (uint32), length of the PDU (uint32), then the PDU */
const HEAD_BYTES = 17;

const KINDS = ['login', 'status', 'offline'] as const satisfies readonly Notice['kind'][];

/** A notice as it travels on the bus. */
export function encodeNotice({ kind, userId, version, pdu }: Notice): Buffer {
  const bytes = Buffer.allocUnsafe(HEAD_BYTES + pdu.length);
  bytes.writeUInt8(KINDS.indexOf(kind), 0);
  bytes.writeDoubleBE(version, 1);
  bytes.writeUInt32BE(userId, 9);
  bytes.writeUInt32BE(pdu.length, 13);
  pdu.copy(bytes, HEAD_BYTES);
  return bytes;
}

/** The notices of one bus entry; one of an unknown kind (a newer node's) is left out. */
export function decodeNotices(bytes: Buffer): Notice[] {
  const notices: Notice[] = [];
  for (let at = 0; at + HEAD_BYTES + HEADER_BYTES <= bytes.length; ) {
    const kind = KINDS[bytes.readUInt8(at)];
    const version = bytes.readDoubleBE(at + 1);
    const userId = bytes.readUInt32BE(at + 9);
    const end = at + HEAD_BYTES + bytes.readUInt32BE(at + 13);
    const pdu = bytes.subarray(at + HEAD_BYTES, end);
    if (kind !== undefined && end <= bytes.length) notices.push({ kind, userId, version, pdu });
    at = end;
  }
  return notices;
}
