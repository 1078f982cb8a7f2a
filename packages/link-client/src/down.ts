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
