import { HEADER_BYTES } from '@route/protocol';
import { SHARD_COUNT } from '@route/redis';
import { NOTIFICATION_KINDS, type Notification } from './notifications.ts';

/**
 * Types of bus messages: PDUs for all links, notifications, PDUs only for links with interest in
 * their recipients, interest changes, and interest sync (start and end of a full list, among
 * others).
 */
export const MESSAGE_TYPES = {
  batch: 1,
  notification: 2,
  directed: 3,
  interestChange: 4,
  interestSync: 5,
} as const;

/**
 * Types whose neighbouring messages may be joined: batches are whole PDUs, the others have a fixed
 * length.
 */
export const MERGEABLE_TYPES: readonly number[] = [
  MESSAGE_TYPES.batch,
  MESSAGE_TYPES.notification,
  MESSAGE_TYPES.directed,
  MESSAGE_TYPES.interestChange,
];

/**
 * Values of an interest sync message: the list begins; a shard's number, and then its users,
 * follow; the list ends; a list is requested; from now on the node wants every PDU, or only those
 * of its users.
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

/** Encodes that the sender retains nothing of its frames before `firstFrame`. */
export function removalOf(firstFrame: number): Buffer {
  const bytes = Buffer.alloc(REMOVAL_BYTES);
  bytes[0] = REMOVAL;
  bytes.writeDoubleBE(firstFrame, 1);
  return bytes;
}

/** Decodes the frame of a removal message; undefined for any other message. */
export function readRemoval(bytes: Buffer): number | undefined {
  return bytes[0] === REMOVAL && bytes.length === REMOVAL_BYTES ? bytes.readDoubleBE(1) : undefined;
}

const SUM = 8;
const SUM_BYTES = 6;

/**
 * Checksum of a node's interest. The node sends it only while it is listing its users to no node.
 */
export interface HoldingsSum {
  readonly wantsAll: boolean;
  /** Hash of the set of users on its links. */
  readonly sum: number;
}

/** Encodes a checksum message. */
export function sumOf({ wantsAll, sum }: HoldingsSum): Buffer {
  const bytes = Buffer.from([SUM, wantsAll ? 1 : 0, 0, 0, 0, 0]);
  bytes.writeInt32BE(sum, 2);
  return bytes;
}

/** Decodes a checksum message; undefined for any other message. */
export function readSum(bytes: Buffer): HoldingsSum | undefined {
  if (bytes[0] !== SUM || bytes.length !== SUM_BYTES) return undefined;
  return { wantsAll: bytes[1] === 1, sum: bytes.readInt32BE(2) };
}

/**
 * Whether a bus message is usable: batches are whole PDUs, everything else has a valid length and
 * numbers in range. Messages of unknown types, which a newer node may send, are not used.
 */
export function isValidMessage(kind: number, bytes: Buffer): boolean {
  switch (kind) {
    case MESSAGE_TYPES.batch:
    case MESSAGE_TYPES.directed:
      return isWholeBatch(bytes);
    case MESSAGE_TYPES.notification:
      return bytes.length % NOTIFICATION_BYTES === 0;
    case MESSAGE_TYPES.interestChange:
      return bytes.length % INTEREST_BYTES === 0;
    case MESSAGE_TYPES.interestSync:
      return isValidInterestSync(bytes);
    default:
      return false;
  }
}

/** Whether the bytes are whole PDUs from first to last. Reads 4 bytes per PDU. */
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

/** Counts the PDUs of a batch, which must be whole ones. */
export function countPdus(batch: Buffer): number {
  let pdus = 0;
  for (let at = 0; at < batch.length; at += batch.readUInt32BE(at)) pdus++;
  return pdus;
}

function isValidInterestSync(bytes: Buffer): boolean {
  const [what] = bytes;
  if (what === INTEREST_SYNC.shard[0]) return bytes.length === 2 && (bytes[1] ?? 0) < SHARD_COUNT;
  const frame = readRemoval(bytes);
  if (frame !== undefined) return Number.isSafeInteger(frame) && frame >= 0;
  if (what === SUM) return bytes.length === SUM_BYTES;
  return bytes.length === 1 && what !== undefined && what > 0 && what < REMOVAL;
}

/**
 * Length of an interest change on the bus: 1 for added, 0 for removed (uint8), user id (uint32).
 */
export const INTEREST_BYTES = 5;

/** Whether a node has interest in a user from now on. */
export interface InterestChange {
  readonly userId: number;
  readonly held: boolean;
}

/** Encodes an interest change; returns the end offset. */
export function writeInterestChange(
  bytes: Buffer,
  start: number,
  { userId, held }: InterestChange,
): number {
  bytes[start] = held ? 1 : 0;
  return bytes.writeUInt32BE(userId, start + 1);
}

/**
 * Length of a notification on the bus: kind (uint8), version (float64), user id (uint32). The
 * receiving node writes its PDU.
 */
export const NOTIFICATION_BYTES = 13;

/** Encodes a notification; returns the end offset. */
export function writeNotification(
  bytes: Buffer,
  start: number,
  { kind, userId, version }: Notification,
): number {
  bytes.writeUInt8(NOTIFICATION_KINDS.indexOf(kind), start);
  bytes.writeDoubleBE(version, start + 1);
  return bytes.writeUInt32BE(userId, start + 9);
}

/**
 * Decodes the notifications of one bus message; skips unknown kinds, which a newer node may send.
 */
export function readNotifications(bytes: Buffer): Notification[] {
  const notices: Notification[] = [];
  for (let at = 0; at + NOTIFICATION_BYTES <= bytes.length; at += NOTIFICATION_BYTES) {
    const kind = NOTIFICATION_KINDS[bytes.readUInt8(at)];
    const version = bytes.readDoubleBE(at + 1);
    const userId = bytes.readUInt32BE(at + 9);
    // No node sends NaN, infinite or negative versions.
    if (kind !== undefined && version >= 0 && version <= Number.MAX_SAFE_INTEGER) {
      notices.push({ kind, userId, version });
    }
  }
  return notices;
}
