import type { LinkEnd } from '@route/presence';

/** Why a link was closed: label of a metric and field of the log. */
export const CLOSE_REASONS = {
  'peer-closed': 'the msg_server closed the connection',
  'connection-failed': 'the connection broke (reset, unreachable)',
  'timed-out': 'nothing was received for too long',
  'pdu-too-slow': 'a PDU arrived below the minimum rate, or stopped before its end',
  'length-too-small': 'a header told a length below that of a header',
  'length-too-large': 'a header told a length above the limit',
  'unsent-over-limit': 'the msg_server does not read, and too much waits to be sent to it',
  'unsent-for-too-long': 'the msg_server has been reading too slowly for too long',
  rebalancing: 'this node has more than its share of the links; the msg_server connects again',
  isolated:
    'this node alone is cut off from Redis and another is ready; the msg_server shall connect there',
  'closed-by-operator': 'an operator had it closed; the msg_server connects again',
  draining: 'this node is going away; the msg_server shall connect to another',
  stopping: 'this node stops at once',
} as const;

export type CloseReason = keyof typeof CLOSE_REASONS;

/** Closes in normal operation; the others are logged as warnings. */
const ORDINARY: ReadonlySet<CloseReason> = new Set([
  'peer-closed',
  'rebalancing',
  'isolated',
  'closed-by-operator',
  'draining',
  'stopping',
]);

/** Closes after which a well-behaved msg_server is asked to connect again. */
const ASKED_TO_RETURN: ReadonlySet<CloseReason> = new Set([
  'rebalancing',
  'isolated',
  'closed-by-operator',
  'draining',
]);

/** With these reasons, a connection that sent nothing was a health check. */
const ENDS_OF_CHECKS: ReadonlySet<CloseReason> = new Set([
  'peer-closed',
  'connection-failed',
  'timed-out',
]);

/** Whether a connection that sent nothing and closes with this reason was a health check. */
export function isEndOfCheck(reason: CloseReason): boolean {
  return ENDS_OF_CHECKS.has(reason);
}

/** Whether PDUs are still handled that the msg_server sends before it notices the close. */
export function isReadToTheEnd(reason: CloseReason): boolean {
  return ASKED_TO_RETURN.has(reason);
}

/**
 * What happens to the link's users: if the msg_server is asked to return, they must not appear
 * offline.
 */
export function linkEndOf(reason: CloseReason): LinkEnd {
  return ASKED_TO_RETURN.has(reason) || reason === 'stopping' ? 'linger' : 'release';
}

/** Whether a close is part of normal operation; if not, it is logged as a warning. */
export function isOrdinary(reason: CloseReason): boolean {
  return ORDINARY.has(reason);
}
