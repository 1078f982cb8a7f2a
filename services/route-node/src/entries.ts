import { NOTICE_KINDS, type Notice } from './notices.ts';

/** The kinds of bus entries: PDUs to be relayed as they are, and notices. */
export const ENTRY_KINDS = { run: 1, notice: 2 } as const;

/** Kinds of which neighbours may be joined: runs are whole PDUs, notices are all of one length. */
export const MERGEABLE_KINDS: readonly number[] = Object.values(ENTRY_KINDS);

/** A notice on the bus: kind (uint8), version (float64), user id (uint32). Its PDU is made anew. */
export const NOTICE_BYTES = 13;

/** Writes a notice as it travels on the bus; returns where it ends. */
export function writeNotice(
  bytes: Buffer,
  start: number,
  { kind, userId, version }: Notice,
): number {
  bytes.writeUInt8(NOTICE_KINDS.indexOf(kind), start);
  bytes.writeDoubleBE(version, start + 1);
  return bytes.writeUInt32BE(userId, start + 9);
}

/** The notices of one bus entry; one of an unknown kind (a newer node's) is left out. */
export function readNotices(bytes: Buffer): Notice[] {
  const notices: Notice[] = [];
  for (let at = 0; at + NOTICE_BYTES <= bytes.length; at += NOTICE_BYTES) {
    const kind = NOTICE_KINDS[bytes.readUInt8(at)];
    const version = bytes.readDoubleBE(at + 1);
    const userId = bytes.readUInt32BE(at + 9);
    if (kind !== undefined) notices.push({ kind, userId, version });
  }
  return notices;
}
