import type { EventEmitter } from 'node:events';
import type { CommandName, DecodedMessage, Header, MessageFields } from '@route/protocol';
import type { RouteLinkDown } from './route-link.ts';

/** The source of a PDU. */
export interface Origin {
  /** The address of the link: `host:port`. */
  readonly address: string;
  readonly header: Header;
}

/** A link that is up. */
export interface LinkUp {
  readonly address: string;
  /** Whether it was made master. */
  readonly master: boolean;
}

/** A link that was lost (`wasUp`), or an attempt that failed. */
export interface LinkDown extends RouteLinkDown {
  readonly address: string;
}

/** One event for each command, by its name, with its fields and source. */
export type CommandEvents = {
  [Name in CommandName]: [fields: MessageFields[Name], origin: Origin];
};

/** Everything a RouteClient emits. */
export interface RouteClientEvents extends CommandEvents {
  up: [link: LinkUp];
  down: [link: LinkDown];
  /** This link is the master from here on: the first one, or the oldest one left. */
  master: [address: string];
  /** There is a master link with room: after a `wait`, after a `no-link`. */
  drain: [];
  /** Every received command, decoded, before its own event: for generic handlers. */
  message: [message: DecodedMessage, address: string];
  /** Every PDU as it is on the wire, before its own event. Bytes may be kept, not changed. */
  pdu: [pdu: Buffer, address: string];
  /** A PDU that was dropped because its command is unknown or its body does not parse. */
  unreadable: [pdu: Buffer, address: string];
}

/** Emits a message under its command's name. */
export function emitMessage(
  to: EventEmitter<RouteClientEvents>,
  message: DecodedMessage,
  address: string,
): void {
  const origin: Origin = { address, header: message.header };
  switch (message.command) {
    case 'heartbeat':
      to.emit(message.command, message.fields, origin);
      break;
    case 'role_set':
      to.emit(message.command, message.fields, origin);
      break;
    case 'online_user_info':
      to.emit(message.command, message.fields, origin);
      break;
    case 'user_status_update':
      to.emit(message.command, message.fields, origin);
      break;
    case 'users_status_request':
      to.emit(message.command, message.fields, origin);
      break;
    case 'msg_data':
      to.emit(message.command, message.fields, origin);
      break;
    case 'msg_read_notify':
      to.emit(message.command, message.fields, origin);
      break;
    case 'group_change_member_notify':
      to.emit(message.command, message.fields, origin);
      break;
    case 'file_notify':
      to.emit(message.command, message.fields, origin);
      break;
    case 'switch_p2p_cmd':
      to.emit(message.command, message.fields, origin);
      break;
    case 'server_kick_user':
      to.emit(message.command, message.fields, origin);
      break;
    case 'remove_session_notify':
      to.emit(message.command, message.fields, origin);
      break;
    case 'sign_info_changed_notify':
      to.emit(message.command, message.fields, origin);
      break;
    case 'login_status_notify':
      to.emit(message.command, message.fields, origin);
      break;
    case 'status_notify':
      to.emit(message.command, message.fields, origin);
      break;
    case 'users_status_response':
      to.emit(message.command, message.fields, origin);
      break;
  }
}
