import { COMMANDS } from './commands.ts';
import { HEADER_BYTES } from './header.ts';
import { MSG_TYPE } from './message-fields.ts';

const COMMAND_ID_OFFSET = 10;

/** The fields of a body that name its recipients. */
interface Naming {
  /** Fields 1 and 2, or field 1 alone. */
  readonly users: 1 | 2;
  /** Whether field 5 must mark the message as one to a single user. */
  readonly ifSingle: boolean;
}

/** Every other command is broadcast. */
const NAMING = new Map<number, Naming>([
  [COMMANDS.msg_data.commandId, { users: 2, ifSingle: true }],
  [COMMANDS.msg_read_notify.commandId, { users: 1, ifSingle: false }],
  [COMMANDS.server_kick_user.commandId, { users: 1, ifSingle: false }],
  [COMMANDS.remove_session_notify.commandId, { users: 1, ifSingle: false }],
  [COMMANDS.switch_p2p_cmd.commandId, { users: 2, ifSingle: false }],
  [COMMANDS.file_notify.commandId, { users: 2, ifSingle: false }],
]);

const MSG_TYPE_FIELD = 5;

/**
 * A body with more fields, known or not, is not read to its end: a body of 16 MiB would take each
 * node some 50 ms.
 */
const MOST_FIELDS = 1000;

/** How values are written. Protocol Buffers: wire types. */
const WIRE = { varint: 0, eightBytes: 1, lengthFirst: 2, fourBytes: 5 } as const;

/** Whether the PDU that begins at `start` is a kick. */
export function isKick(bytes: Buffer, start: number): boolean {
  return bytes.readUInt16BE(start + COMMAND_ID_OFFSET) === COMMANDS.server_kick_user.commandId;
}

/**
 * Reads the recipients of a PDU in place, reading only the fields that name them. A message to a
 * single user is also addressed to its sender, whose other clients show it. Group messages,
 * broadcasts and bodies that do not parse name no users.
 */
export class ConcernedUsers {
  /** The last users found; both are the same in a message to oneself. */
  first = 0;
  second = 0;
  /** Whether the PDU is a kick. */
  isKick = false;
  #at = 0;
  #strange = false;

  /** Reads a whole PDU, header included; false when it names no recipients. */
  read(bytes: Buffer, start: number, end: number): boolean {
    const naming = NAMING.get(bytes.readUInt16BE(start + COMMAND_ID_OFFSET));
    if (naming === undefined) return false;
    this.#strange = false;
    let first = -1;
    let second = -1;
    let msgType = -1;
    let at = start + HEADER_BYTES;
    for (let fields = 0; at < end && !this.#strange; fields++) {
      if (fields === MOST_FIELDS) return false;
      // Nearly all tags and lengths are one byte: read here, they take half the time.
      let tag = bytes[at] ?? 0;
      if (tag < 0x80) at++;
      else {
        tag = this.#varint(bytes, at, end);
        at = this.#at;
      }
      const wire = tag & 7;
      if (wire !== WIRE.varint) {
        at = this.#skip(bytes, wire, at, end);
        continue;
      }
      const value = this.#varint(bytes, at, end);
      at = this.#at;
      const field = tag >>> 3;
      if (field === 1) first = this.#once(first, value);
      else if (field === 2) second = this.#once(second, value);
      else if (field === MSG_TYPE_FIELD) msgType = this.#once(msgType, value);
    }
    if (this.#strange || first < 0 || (naming.users === 2 && second < 0)) return false;
    if (naming.ifSingle && msgType !== MSG_TYPE.singleText && msgType !== MSG_TYPE.singleAudio) {
      return false;
    }
    this.first = first;
    this.isKick = isKick(bytes, start);
    this.second = naming.users === 2 ? second : first;
    return true;
  }

  /** Other readers differ on a field that occurs twice. */
  #once(before: number, value: number): number {
    if (before >= 0) this.#strange = true;
    return value;
  }

  /** Reads a number; `#at` is behind it then. */
  #varint(bytes: Buffer, start: number, end: number): number {
    let value = 0;
    let at = start;
    for (let scale = 1; at < end; scale *= 128) {
      const byte = bytes[at++] ?? 0;
      value += (byte & 0x7f) * scale;
      if (byte >= 0x80 && scale < 128 ** 4) continue;
      if (byte >= 0x80 || value > 0xffff_ffff) break;
      this.#at = at;
      return value;
    }
    this.#strange = true;
    this.#at = end;
    return 0;
  }

  /** @returns where the next field begins. */
  #skip(bytes: Buffer, wire: number, start: number, end: number): number {
    let next = start;
    if (wire === WIRE.lengthFirst) {
      const length = this.#varint(bytes, start, end);
      next = this.#at + length;
    } else if (wire === WIRE.eightBytes) next += 8;
    else if (wire === WIRE.fourBytes) next += 4;
    else this.#strange = true;
    if (next > end) this.#strange = true;
    return next;
  }
}
