import { type ClientTypes, STANDARD_CLIENT_TYPES } from './client-types.ts';
import { COMMANDS } from './commands.ts';
import { HEADER_BYTES, readHeader, writeHeader } from './header.ts';
import { LooseClients, looseStatusRequest, looseStatusUpdate } from './loose-bodies.ts';
import { decodeFields, encodeMessage } from './message-codec.ts';
import type { ClientStatus, UserStat, UserStatus } from './message-fields.ts';
import {
  countPlainClients,
  plainClients,
  plainStatusRequest,
  plainStatusUpdate,
} from './plain-bodies.ts';
import { varintBytes, writeVarint } from './varint.ts';

/** A msg_server's question how some users are. */
export interface UsersStatusRequest {
  /** The querying user; returned in the response. */
  readonly userId: number;
  /** In the order of the query, repeats included. */
  readonly userIds: readonly number[];
  /** Returned in the response; empty when the request had none. A slice of the PDU. */
  readonly attachData: Buffer;
  /** Returned in the response. uint16. */
  readonly seqNum: number;
}

/** The answer: everything but the stats is the request's own. */
export interface UsersStatusResponse {
  readonly userId: number;
  readonly stats: readonly UserStat[];
  readonly attachData: Buffer;
  readonly seqNum: number;
}

/** An answer whose stats were encoded part by part, by {@link encodeUserStats}. */
export type UsersStatusParts = Omit<UsersStatusResponse, 'stats'> & {
  readonly parts: readonly Buffer[];
};

const NO_BYTES = Buffer.alloc(0);

/** Shows that an idle link is alive. Protocol: an empty body. Shared; must not be modified. */
export const HEARTBEAT_PDU: Buffer = encodeMessage('heartbeat', {});

/**
 * 18 bytes suffice. Unknown fields may make it longer, but not so long that reading it blocks the
 * loop.
 */
const MOST_ROLE_SET_BYTES = 64 * 1024;

/**
 * Reads a ROLE_SET PDU. Protocol: 0 slave, 1 master; any other number counts as master.
 * @returns undefined when the body does not parse.
 */
export function decodeRoleSet(pdu: Buffer): { readonly master: boolean } | undefined {
  if (pdu.length > MOST_ROLE_SET_BYTES) return undefined;
  const fields = decodeFields('role_set', pdu);
  return fields && { master: fields.master !== 0 };
}

/**
 * The clients listed by an ONLINE_USER_INFO PDU. There may be a million: all of them are first
 * checked and then read, each in slices. None may be used before all are known to be good.
 * (Protocol: one bad entry drops the entire list.)
 */
export class ListedClients {
  readonly #pdu: Buffer;
  readonly #types: ClientTypes;
  /** Undefined where the PDU itself is read. One reader checks it, the other reads the entries. */
  #loose: { readonly check: LooseClients; readonly take: LooseClients } | undefined;
  #isBad = false;
  #unknownType: number | undefined;
  /** Where the check continues, and the number of entries checked. */
  #next = HEADER_BYTES;
  #checked = 0;
  /** The offset of the next entry to read, and the number of entries read. */
  #at = HEADER_BYTES;
  #read = 0;

  constructor(pdu: Buffer, types: ClientTypes = STANDARD_CLIENT_TYPES) {
    this.#pdu = pdu;
    this.#types = types;
  }

  /** Checks at most `most` entries; in a loose body, as many fields. */
  check(most: number): 'unfinished' | 'good' | 'bad' {
    if (this.#isBad) return 'bad';
    if (this.#loose === undefined) {
      const types = this.#types;
      const plain = countPlainClients(this.#pdu, this.#next, { most, types });
      if (plain !== undefined) {
        this.#next = plain.next;
        this.#checked += plain.count;
        return this.#next < this.#pdu.length ? 'unfinished' : 'good';
      }
      // From the start: entries that were plain so far are read in loose form as well.
      this.#checked = 0;
      const [check, take] = [
        new LooseClients(this.#pdu, types),
        new LooseClients(this.#pdu, types),
      ];
      this.#loose = { check, take };
    }
    const { check } = this.#loose;
    const found = check.next(most);
    if (found.value === undefined) {
      this.#isBad = true;
      this.#unknownType = found.unknownType;
      this.#checked = 0;
      return 'bad';
    }
    this.#checked += found.value.length;
    return check.isAtEnd ? 'good' : 'unfinished';
  }

  /**
   * The number of the client type that makes the list bad; undefined where it is good, or bad for
   * another reason.
   */
  get unknownClientType(): number | undefined {
    return this.#unknownType;
  }

  /** Number of entries checked but not yet read; 0 for a bad list. */
  get remaining(): number {
    return this.#checked - this.#read;
  }

  /**
   * Returns at most `most` entries; one per client connection, repeats included. In a loose body it
   * may return none although some remain.
   */
  take(most: number): readonly ClientStatus[] {
    const count = Math.min(most, this.remaining);
    if (this.#loose !== undefined) {
      const { value = [] } = this.#loose.take.next(count);
      this.#read += value.length;
      return value;
    }
    this.#read += count;
    const { clients, next } = plainClients(this.#pdu, this.#at, { count, types: this.#types });
    this.#at = next;
    return clients;
  }
}

/**
 * All that an ONLINE_USER_INFO PDU lists.
 * @returns undefined when the body does not parse.
 */
export function decodeOnlineUserInfo(
  pdu: Buffer,
  types: ClientTypes = STANDARD_CLIENT_TYPES,
): readonly ClientStatus[] | undefined {
  const listed = new ListedClients(pdu, types);
  let found = listed.check(Number.POSITIVE_INFINITY);
  while (found === 'unfinished') found = listed.check(Number.POSITIVE_INFINITY);
  if (found === 'bad') return undefined;
  const clients: ClientStatus[] = [];
  while (listed.remaining > 0) for (const client of listed.take(4096)) clients.push(client);
  return clients;
}

/**
 * Reads a USER_STATUS_UPDATE PDU.
 * @returns undefined when the body does not parse. Protocol: a user_status other than 1, 2 or 3 is
 * dropped likewise.
 */
export function decodeUserStatusUpdate(
  pdu: Buffer,
  types: ClientTypes = STANDARD_CLIENT_TYPES,
): ClientStatus | undefined {
  return plainStatusUpdate(pdu, types) ?? looseStatusUpdate(pdu, types).value;
}

/** The unknown client type that alone makes a USER_STATUS_UPDATE invalid; undefined without. */
export function unknownClientTypeOf(pdu: Buffer, types: ClientTypes): number | undefined {
  const found = looseStatusUpdate(pdu, types);
  return found.value === undefined ? found.unknownType : undefined;
}

/**
 * Reads a USERS_STATUS_REQUEST PDU.
 * @returns undefined when the body does not parse, 'too-many' when it asks for more users than
 * `mostIds`.
 */
export function decodeUsersStatusRequest(
  pdu: Buffer,
  mostIds: number,
): UsersStatusRequest | 'too-many' | undefined {
  const { seqNum } = readHeader(pdu);
  const fields = plainStatusRequest(pdu, mostIds) ?? looseStatusRequest(pdu, mostIds);
  if (fields === undefined || fields === 'too-many') return fields;
  const { userId, userIds, attachData = NO_BYTES } = fields;
  return { userId, userIds, attachData, seqNum };
}

/** A LOGIN_STATUS_NOTIFY or STATUS_NOTIFY PDU is no longer. */
export const NOTIFY_BYTES = HEADER_BYTES + 12;

/**
 * Writes a LOGIN_STATUS_NOTIFY PDU: whether the user has a PC client. Protocol: 1 on, 0 off.
 * @returns where it ends.
 */
export function writeLoginStatusNotify(
  bytes: Buffer,
  start: number,
  { userId, online }: { readonly userId: number; readonly online: boolean },
): number {
  let at = start + HEADER_BYTES;
  bytes[at++] = 0x08;
  at = writeVarint(bytes, userId, at);
  bytes[at++] = 0x10;
  bytes[at++] = online ? 1 : 0;
  writeOwnHeader(bytes, start, { command: 'login_status_notify', end: at, seqNum: 0 });
  return at;
}

/**
 * Writes a STATUS_NOTIFY PDU: the status that a PC client of the user was reported to have.
 * @returns where it ends.
 */
export function writeStatusNotify(bytes: Buffer, start: number, stat: UserStat): number {
  const at = writeUserStat(bytes, start + HEADER_BYTES, { tag: 0x0a, ...stat });
  writeOwnHeader(bytes, start, { command: 'status_notify', end: at, seqNum: 0 });
  return at;
}

/** A LOGIN_STATUS_NOTIFY PDU, see {@link writeLoginStatusNotify}. */
export function encodeLoginStatusNotify(userId: number, online: boolean): Buffer {
  const bytes = Buffer.allocUnsafe(NOTIFY_BYTES);
  return bytes.subarray(0, writeLoginStatusNotify(bytes, 0, { userId, online }));
}

/** A STATUS_NOTIFY PDU, see {@link writeStatusNotify}. */
export function encodeStatusNotify(userId: number, status: UserStatus): Buffer {
  const bytes = Buffer.allocUnsafe(NOTIFY_BYTES);
  return bytes.subarray(0, writeStatusNotify(bytes, 0, { userId, status }));
}

/** A USERS_STATUS_RESPONSE PDU. Protocol: attach_data is always present, even when empty. */
export function encodeUsersStatusResponse(response: UsersStatusResponse): Buffer {
  const { stats, ...fields } = response;
  return joinUsersStatusResponse({ ...fields, parts: [encodeUserStats(stats)] });
}

/** Encodes the stats of an answer, or a part of them. */
export function encodeUserStats(stats: readonly UserStat[]): Buffer {
  let size = 0;
  for (const { userId } of stats) size += 2 + userStatBytes(userId);
  const bytes = Buffer.allocUnsafe(size);
  let at = 0;
  for (const { userId, status } of stats) {
    at = writeUserStat(bytes, at, { tag: 0x12, userId, status });
  }
  return bytes;
}

/** Joins encoded parts to a USERS_STATUS_RESPONSE PDU. */
export function joinUsersStatusResponse(response: UsersStatusParts): Buffer {
  const { userId, parts, attachData, seqNum } = response;
  const attachBytes = 2 + varintBytes(attachData.length) + attachData.length;
  let size = HEADER_BYTES + 1 + varintBytes(userId) + attachBytes;
  for (const part of parts) size += part.length;
  const pdu = Buffer.allocUnsafe(size);
  let at = HEADER_BYTES;
  pdu[at++] = 0x08;
  at = writeVarint(pdu, userId, at);
  for (const part of parts) {
    pdu.set(part, at);
    at += part.length;
  }
  // Field 20, bytes: its tag takes two bytes.
  pdu[at++] = 0xa2;
  pdu[at++] = 0x01;
  at = writeVarint(pdu, attachData.length, at);
  pdu.set(attachData, at);
  writeOwnHeader(pdu, 0, { command: 'users_status_response', end: size, seqNum });
  return pdu;
}

function userStatBytes(userId: number): number {
  return 3 + varintBytes(userId);
}

/** Encodes a UserStat as the field with this `tag`. */
function writeUserStat(
  bytes: Buffer,
  start: number,
  { tag, userId, status }: UserStat & { readonly tag: number },
): number {
  let at = start;
  bytes[at++] = tag;
  bytes[at++] = userStatBytes(userId);
  bytes[at++] = 0x08;
  at = writeVarint(bytes, userId, at);
  bytes[at++] = 0x10;
  bytes[at++] = status;
  return at;
}

type OwnCommand = 'login_status_notify' | 'status_notify' | 'users_status_response';

function writeOwnHeader(
  bytes: Buffer,
  start: number,
  { command, end, seqNum }: { command: OwnCommand; end: number; seqNum: number },
): void {
  const { serviceId, commandId } = COMMANDS[command];
  const length = end - start;
  const header = { length, version: 1, flag: 0, serviceId, commandId, seqNum, reserved: 0 };
  writeHeader(bytes, header, start);
}
