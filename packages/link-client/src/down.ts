/** Why a link is down. A closed set, fit for logs and metric labels. */
export const DOWN_REASONS = {
  'connect-failed': 'the address could not be reached, or TLS failed',
  'connect-timed-out': 'nobody took the connection in time',
  'closed-by-node': 'the other side ended it in good order: it drains, or it closes this link',
  broken: 'the connection broke',
  'timed-out': 'nothing came for too long',
  'broken-stream': 'what came cannot be cut into PDUs: is it a route server?',
  'closed-here': 'this side ended it',
} as const;

/** One of {@link DOWN_REASONS}. */
export type DownReason = keyof typeof DOWN_REASONS;

/** How a connection, or an attempt at one, ended. */
export interface Down {
  readonly reason: DownReason;
  /** What the system or the reader said. */
  readonly detail: string | undefined;
}
