import { HEADER_BYTES } from '@route/protocol';
import { SHARD_COUNT } from '@route/redis';
import { NOTIFICATION_KINDS, type Notification } from './notifications.ts';

/**
 * The kinds of bus entries: PDUs for all links, notices, PDUs for those links alone that hold the users whom
 * they concern, changes of whom a node's links hold, and where a list of these begins and ends.
 */
export const MESSAGE_TYPES = { run: 1, notice: 2, directed: 3, holdings: 4, listing: 5 } as const;

/** Kinds of which neighbours may be joined: runs are whole PDUs, the others are all of one length. */
export const MERGEABLE_TYPES: readonly number[] = [
  MESSAGE_TYPES.run,
  MESSAGE_TYPES.notice,
  MESSAGE_TYPES.directed,
  MESSAGE_TYPES.holdings,
];

/**
 * What a listing entry says: it begins, a shard's number follows and then its users, it ends; a listing is
 * asked for; from now on the node is to get everything, or only what is for its users.
 */
export const INTEREST_SYNC = {
  begins: Buffer.from([1]),
  ends: Buffer.from([2]),
  asked: Buffer.from([3]),
  shard: Buffer.from([4]),
  wantsAll: Buffer.from([5]),
  wantsItsOwn: Buffer.from([6]),
} as const;

const REMOVAL = 7;
const REMOVAL_BYTES = 9;

/** A listing entry that says: of what came in my frames before this one I keep nothing any more. */
export function removalOf(firstFrame: number): Buffer {
  const bytes = Buffer.alloc(REMOVAL_BYTES);
  bytes[0] = REMOVAL;
  bytes.writeDoubleBE(firstFrame, 1);
  return bytes;
}

/** The frame of such an entry; undefined if it is another one. */
export function readRemoval(bytes: Buffer): number | undefined {
  return bytes[0] === REMOVAL && bytes.length === REMOVAL_BYTES ? bytes.readDoubleBE(1) : undefined;
}

const SUM = 8;
const SUM_BYTES = 6;

/** What a node says of all that it has told of its users, while it lists them to no node. */
export interface HoldingsSum {
  readonly wantsAll: boolean;
  /** Stands for the set of users whom its links hold. */
  readonly sum: number;
}

/** A listing entry that says it. */
export function sumOf({ wantsAll, sum }: HoldingsSum): Buffer {
  const bytes = Buffer.from([SUM, wantsAll ? 1 : 0, 0, 0, 0, 0]);
  bytes.writeInt32BE(sum, 2);
  return bytes;
}

/** What such an entry says; undefined if it is another one. */
export function readSum(bytes: Buffer): HoldingsSum | undefined {
  if (bytes[0] !== SUM || bytes.length !== SUM_BYTES) return undefined;
  return { wantsAll: bytes[1] === 1, sum: bytes.readInt32BE(2) };
}

/**
 * Whether an entry from the bus can be used: batches are whole PDUs, everything else has a valid length and numbers in
 * range. Entries of unknown kinds, which a newer node may send, are not used.
 */
export function isValidMessage(kind: number, bytes: Buffer): boolean {
  switch (kind) {
    case MESSAGE_TYPES.run:
    case MESSAGE_TYPES.directed:
      return isWholeBatch(bytes);
    case MESSAGE_TYPES.notice:
      return bytes.length % NOTIFICATION_BYTES === 0;
    case MESSAGE_TYPES.holdings:
      return bytes.length % INTEREST_BYTES === 0;
    case MESSAGE_TYPES.listing:
      return isValidInterestSync(bytes);
    default:
      return false;
  }
}

/** Whether bytes are PDUs from the first to the last byte. Reads 4 bytes a PDU. */
export function isWholeBatch(bytes: Buffer): boolean {
  const lastStart = bytes.length - HEADER_BYTES;
  let at = 0;
  while (at <= lastStart) {
    const length = bytes.readUInt32BE(at);
    if (length < HEADER_BYTES) return false;
    at += length;
  }
  return at === bytes.length;
}

function isValidInterestSync(bytes: Buffer): boolean {
  const [what] = bytes;
  if (what === INTEREST_SYNC.shard[0]) return bytes.length === 2 && (bytes[1] ?? 0) < SHARD_COUNT;
  const frame = readRemoval(bytes);
  if (frame !== undefined) return Number.isSafeInteger(frame) && frame >= 0;
  if (what === SUM) return bytes.length === SUM_BYTES;
  return bytes.length === 1 && what !== undefined && what > 0 && what < REMOVAL;
}

/** A change on the bus: 1 for held, 0 for not (uint8), user id (uint32). */
export const INTEREST_BYTES = 5;

/** Whether any link of a node holds a user, from now on. */
export interface InterestChange {
  readonly userId: number;
  readonly held: boolean;
}

/** Writes a change as it travels on the bus; returns where it ends. */
export function writeInterestChange(
  bytes: Buffer,
  start: number,
  { userId, held }: InterestChange,
): number {
  bytes[start] = held ? 1 : 0;
  return bytes.writeUInt32BE(userId, start + 1);
}

/** A notice on the bus: kind (uint8), version (float64), user id (uint32). Its PDU is made anew. */
export const NOTIFICATION_BYTES = 13;

/** Writes a notice as it travels on the bus; returns where it ends. */
export function writeNotification(
  bytes: Buffer,
  start: number,
  { kind, userId, version }: Notification,
): number {
  bytes.writeUInt8(NOTIFICATION_KINDS.indexOf(kind), start);
  bytes.writeDoubleBE(version, start + 1);
  return bytes.writeUInt32BE(userId, start + 9);
}

/** The notices of one bus entry; one of an unknown kind (a newer node's) is left out. */
export function readNotifications(bytes: Buffer): Notification[] {
  const notices: Notification[] = [];
  for (let at = 0; at + NOTIFICATION_BYTES <= bytes.length; at += NOTIFICATION_BYTES) {
    const kind = NOTIFICATION_KINDS[bytes.readUInt8(at)];
    const version = bytes.readDoubleBE(at + 1);
    const userId = bytes.readUInt32BE(at + 9);
    // NaN, infinite and negative versions come from no node.
    if (kind !== undefined && version >= 0 && version <= Number.MAX_SAFE_INTEGER) {
      notices.push({ kind, userId, version });
    }
  }
  return notices;
}
