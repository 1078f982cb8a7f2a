import { fileURLToPath } from 'node:url';
import protobuf from 'protobufjs';
import { LenientReader } from './body-reader.ts';
import { COMMANDS, type CommandName, commandName, UNKNOWN_COMMAND } from './commands.ts';
import { HEADER_BYTES, type Header, readHeader, writeHeader } from './header.ts';
import type { MessageFields } from './message-fields.ts';

const PROTO_FILES = [
  'other.proto',
  'server.proto',
  'buddy.proto',
  'message.proto',
  'switch_service.proto',
  'group.proto',
  'file.proto',
];

const root = new protobuf.Root().loadSync(
  PROTO_FILES.map((name) => fileURLToPath(new URL(`../../../proto/${name}`, import.meta.url))),
);

/** A decoded PDU; the command determines its fields. */
export interface DecodedPdu<Name extends CommandName> {
  readonly command: Name;
  readonly header: Header;
  readonly fields: MessageFields[Name];
}

/** A PDU of any known command. */
export type DecodedMessage = { [Name in CommandName]: DecodedPdu<Name> }[CommandName];

/** Header fields that a sender may choose; each 0 (version: 1) unless given. */
export type HeaderChoice = Partial<Pick<Header, 'version' | 'flag' | 'seqNum' | 'reserved'>>;

/** Reads and writes the body of one command. */
class MessageCodec<Name extends CommandName> {
  readonly #command: Name;
  readonly #type: protobuf.Type;

  constructor(command: Name, typeName: string) {
    this.#command = command;
    this.#type = root.lookupType(typeName);
  }

  /** The body's fields, or undefined when it does not parse. */
  fields(pdu: Buffer): MessageFields[Name] | undefined {
    const reader = new LenientReader(pdu);
    reader.pos = HEADER_BYTES;
    reader.discardUnknown = true;
    let fields: object;
    try {
      fields = this.#type.toObject(this.#type.decode(reader), { arrays: true });
    } catch {
      return undefined;
    }
    return this.#isFields(fields) ? fields : undefined;
  }

  decode(pdu: Buffer): DecodedPdu<Name> | undefined {
    const fields = this.fields(pdu);
    return fields && { command: this.#command, header: readHeader(pdu), fields };
  }

  encode(fields: MessageFields[Name], choice: HeaderChoice): Buffer {
    const body = this.#type.encode(fields).finish();
    const pdu = Buffer.allocUnsafe(HEADER_BYTES + body.length);
    const { serviceId, commandId } = COMMANDS[this.#command];
    const { version = 1, flag = 0, seqNum = 0, reserved = 0 } = choice;
    const length = pdu.length;
    writeHeader(pdu, { length, version, flag, serviceId, commandId, seqNum, reserved });
    pdu.set(body, HEADER_BYTES);
    return pdu;
  }

  #isFields(value: object): value is MessageFields[Name] {
    return this.#type.verify(value) === null;
  }
}

const CODECS: { readonly [Name in CommandName]: MessageCodec<Name> } = {
  heartbeat: new MessageCodec('heartbeat', 'IM.Other.IMHeartBeat'),
  role_set: new MessageCodec('role_set', 'IM.Server.IMRoleSet'),
  online_user_info: new MessageCodec('online_user_info', 'IM.Server.IMOnlineUserInfo'),
  user_status_update: new MessageCodec('user_status_update', 'IM.Server.IMUserStatusUpdate'),
  users_status_request: new MessageCodec('users_status_request', 'IM.Buddy.IMUsersStatReq'),
  msg_data: new MessageCodec('msg_data', 'IM.Message.IMMsgData'),
  msg_read_notify: new MessageCodec('msg_read_notify', 'IM.Message.IMMsgDataReadNotify'),
  group_change_member_notify: new MessageCodec(
    'group_change_member_notify',
    'IM.Group.IMGroupChangeMemberNotify',
  ),
  file_notify: new MessageCodec('file_notify', 'IM.File.IMFileNotify'),
  switch_p2p_cmd: new MessageCodec('switch_p2p_cmd', 'IM.SwitchService.IMP2PCmdMsg'),
  server_kick_user: new MessageCodec('server_kick_user', 'IM.Server.IMServerKickUser'),
  remove_session_notify: new MessageCodec(
    'remove_session_notify',
    'IM.Buddy.IMRemoveSessionNotify',
  ),
  sign_info_changed_notify: new MessageCodec(
    'sign_info_changed_notify',
    'IM.Buddy.IMSignInfoChangedNotify',
  ),
  login_status_notify: new MessageCodec(
    'login_status_notify',
    'IM.Server.IMServerPCLoginStatusNotify',
  ),
  status_notify: new MessageCodec('status_notify', 'IM.Buddy.IMUserStatNotify'),
  users_status_response: new MessageCodec('users_status_response', 'IM.Buddy.IMUsersStatRsp'),
};

/**
 * Encodes a PDU of any known command, header included. Fields are in number order.
 * @throws RangeError when a chosen header field does not fit its width.
 */
export function encodeMessage<Name extends CommandName>(
  command: Name,
  fields: MessageFields[Name],
  choice: HeaderChoice = {},
): Buffer {
  return CODECS[command].encode(fields, choice);
}

/**
 * Decodes a whole PDU's body as `command`'s, independent of its header. Bytes fields are slices of
 * the
 * PDU.
 * @returns undefined when the body does not parse; protocol: it is then dropped as a whole.
 */
export function decodeFields<Name extends CommandName>(
  command: Name,
  pdu: Buffer,
): MessageFields[Name] | undefined {
  return CODECS[command].fields(pdu);
}

/**
 * Decodes a whole PDU. The command id alone determines its type.
 * @returns undefined when the command is unknown, or the body does not parse.
 */
export function decodeMessage(pdu: Buffer): DecodedMessage | undefined {
  if (pdu.length < HEADER_BYTES) return undefined;
  const command = commandName(readHeader(pdu).commandId);
  return command === UNKNOWN_COMMAND ? undefined : CODECS[command].decode(pdu);
}
