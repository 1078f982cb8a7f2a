import { NOTICE_KINDS, type Notice } from './notices.ts';

/**
 * The kinds of bus entries: PDUs for all links, notices, PDUs for those links alone that hold the users whom
 * they concern, changes of whom a node's links hold, and where a list of these begins and ends.
 */
export const ENTRY_KINDS = { run: 1, notice: 2, directed: 3, holdings: 4, listing: 5 } as const;

/** Kinds of which neighbours may be joined: runs are whole PDUs, the others are all of one length. */
export const MERGEABLE_KINDS: readonly number[] = [
  ENTRY_KINDS.run,
  ENTRY_KINDS.notice,
  ENTRY_KINDS.directed,
  ENTRY_KINDS.holdings,
];

/**
 * What a listing entry says: it begins, a shard's number follows and then its users, it ends; a listing is
 * asked for; from now on the node is to get everything, or only what is for its users.
 */
export const LISTING = {
  begins: Buffer.from([1]),
  ends: Buffer.from([2]),
  asked: Buffer.from([3]),
  shard: Buffer.from([4]),
  wantsAll: Buffer.from([5]),
  wantsItsOwn: Buffer.from([6]),
} as const;

const LET_GO = 7;

/** A listing entry that says: of what came in my frames before this one I keep nothing any more. */
export function letGoOf(firstFrame: number): Buffer {
  const bytes = Buffer.alloc(9);
  bytes[0] = LET_GO;
  bytes.writeDoubleBE(firstFrame, 1);
  return bytes;
}

/** The frame of such an entry; undefined if it is another one. */
export function readLetGo(bytes: Buffer): number | undefined {
  return bytes[0] === LET_GO && bytes.length === 9 ? bytes.readDoubleBE(1) : undefined;
}

/** A change on the bus: 1 for held, 0 for not (uint8), user id (uint32). */
export const HOLDING_BYTES = 5;

/** Whether any link of a node holds a user, from now on. */
export interface HoldingChange {
  readonly userId: number;
  readonly held: boolean;
}

/** Writes a change as it travels on the bus; returns where it ends. */
export function writeHolding(
  bytes: Buffer,
  start: number,
  { userId, held }: HoldingChange,
): number {
  bytes[start] = held ? 1 : 0;
  return bytes.writeUInt32BE(userId, start + 1);
}

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
