import { COMMANDS } from './commands.ts';
import { HEADER_BYTES } from './header.ts';
import { MSG_TYPE } from './message-fields.ts';

const COMMAND_ID_OFFSET = 10;

/** Which fields of a body name the users whom it concerns. */
interface Naming {
  /** Fields 1 and 2, or field 1 alone. */
  readonly users: 1 | 2;
  /** Whether that holds only where field 5 says that the message is one to a single user. */
  readonly ifSingle: boolean;
}

/** Every other command concerns everybody. */
const NAMING = new Map<number, Naming>([
  [COMMANDS.msg_data.commandId, { users: 2, ifSingle: true }],
  [COMMANDS.msg_read_notify.commandId, { users: 1, ifSingle: false }],
  [COMMANDS.server_kick_user.commandId, { users: 1, ifSingle: false }],
  [COMMANDS.remove_session_notify.commandId, { users: 1, ifSingle: false }],
  [COMMANDS.switch_p2p_cmd.commandId, { users: 2, ifSingle: false }],
  [COMMANDS.file_notify.commandId, { users: 2, ifSingle: false }],
]);

const MSG_TYPE_FIELD = 5;

/** How values are written. Protocol Buffers: wire types. */
const WIRE = { varint: 0, eightBytes: 1, lengthFirst: 2, fourBytes: 5 } as const;

/** Whether the PDU that begins at `start` is a kick. */
export function isKick(bytes: Buffer, start: number): boolean {
  return bytes.readUInt16BE(start + COMMAND_ID_OFFSET) === COMMANDS.server_kick_user.commandId;
}

/**
 * Reads which users a PDU concerns: in place, of its body only what names them. A message to a single user
 * concerns its sender too, whose other clients show it. What concerns a group, or everybody, and what does not
 * parse, names nobody.
 */
export class ConcernedUsers {
  /** The users found last: one who sends to himself stands in both. */
  first = 0;
  second = 0;
  /** Whether the PDU is a kick. */
  isKick = false;
  #at = 0;
  #end = 0;
  #strange = false;

  /** Reads a whole PDU, header included; false when it does not name who it concerns. */
  read(bytes: Buffer, start: number, end: number): boolean {
    const naming = NAMING.get(bytes.readUInt16BE(start + COMMAND_ID_OFFSET));
    if (naming === undefined) return false;
    this.#at = start + HEADER_BYTES;
    this.#end = end;
    this.#strange = false;
    let first = -1;
    let second = -1;
    let msgType = -1;
    while (this.#at < end && !this.#strange) {
      const tag = this.#varint(bytes);
      if ((tag & 7) !== WIRE.varint) {
        this.#skip(bytes, tag & 7);
        continue;
      }
      const value = this.#varint(bytes);
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

  /** A field that comes twice is read by others as they please. */
  #once(before: number, value: number): number {
    if (before >= 0) this.#strange = true;
    return value;
  }

  #varint(bytes: Buffer): number {
    let value = 0;
    for (let scale = 1; this.#at < this.#end; scale *= 128) {
      const byte = bytes[this.#at++] ?? 0;
      value += (byte & 0x7f) * scale;
      if (byte < 0x80 && value <= 0xffff_ffff) return value;
      if (byte < 0x80 || scale === 128 ** 4) break;
    }
    this.#strange = true;
    return 0;
  }

  #skip(bytes: Buffer, wire: number): void {
    if (wire === WIRE.lengthFirst) {
      const length = this.#varint(bytes);
      this.#at += length;
    } else if (wire === WIRE.eightBytes) this.#at += 8;
    else if (wire === WIRE.fourBytes) this.#at += 4;
    else this.#strange = true;
    if (this.#at > this.#end) this.#strange = true;
  }
}
