import type { EventEmitter } from 'node:events';
import type {
  CommandName,
  DecodedMessage,
  DecodedPdu,
  Header,
  MessageFields,
} from '@route/protocol';

/** Why a link is down. A closed set, fit for logs and metric labels. */
export const DOWN_REASONS = {
  'connect-failed': 'the address could not be reached, or TLS failed',
  'connect-timed-out': 'the connection was not accepted in time',
  'closed-by-node': 'the other side ended it in good order: it drains, or it closes this link',
  broken: 'the connection broke',
  'timed-out': 'no data received for too long',
  'broken-stream': 'received bytes are no PDUs: is the peer a route server?',
  'closed-here': 'this side ended it',
} as const;

/** One of {@link DOWN_REASONS}. */
export type DownReason = keyof typeof DOWN_REASONS;

/** How a connection, or an attempt at one, ended. */
export interface Down {
  readonly reason: DownReason;
  /** The error text of the system or the reader. */
  readonly detail: string | undefined;
}

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
export interface LinkDown extends Down {
  readonly address: string;
  /** Whether there was a link; otherwise an attempt failed. */
  readonly wasUp: boolean;
  /** Delay until the next attempt, in ms; undefined after the client's `close`. */
  readonly retryMs: number | undefined;
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

type Emitters = {
  readonly [Name in CommandName]: (
    to: EventEmitter<RouteClientEvents>,
    fields: MessageFields[Name],
    origin: Origin,
  ) => void;
};

const EMITTERS: Emitters = {
  heartbeat: (to, fields, origin) => to.emit('heartbeat', fields, origin),
  role_set: (to, fields, origin) => to.emit('role_set', fields, origin),
  online_user_info: (to, fields, origin) => to.emit('online_user_info', fields, origin),
  user_status_update: (to, fields, origin) => to.emit('user_status_update', fields, origin),
  users_status_request: (to, fields, origin) => to.emit('users_status_request', fields, origin),
  msg_data: (to, fields, origin) => to.emit('msg_data', fields, origin),
  msg_read_notify: (to, fields, origin) => to.emit('msg_read_notify', fields, origin),
  group_change_member_notify: (to, fields, origin) =>
    to.emit('group_change_member_notify', fields, origin),
  file_notify: (to, fields, origin) => to.emit('file_notify', fields, origin),
  switch_p2p_cmd: (to, fields, origin) => to.emit('switch_p2p_cmd', fields, origin),
  server_kick_user: (to, fields, origin) => to.emit('server_kick_user', fields, origin),
  remove_session_notify: (to, fields, origin) => to.emit('remove_session_notify', fields, origin),
  sign_info_changed_notify: (to, fields, origin) =>
    to.emit('sign_info_changed_notify', fields, origin),
  login_status_notify: (to, fields, origin) => to.emit('login_status_notify', fields, origin),
  status_notify: (to, fields, origin) => to.emit('status_notify', fields, origin),
  users_status_response: (to, fields, origin) => to.emit('users_status_response', fields, origin),
};

/** Emits a message under its command's name. */
export function emitMessage<Name extends CommandName>(
  to: EventEmitter<RouteClientEvents>,
  { command, fields, header }: DecodedPdu<Name>,
  address: string,
): void {
  EMITTERS[command](to, fields, { address, header });
}
