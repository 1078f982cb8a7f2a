/** Input of the delay before the next attempt. */
export interface ReconnectDelay {
  /** How many rounds of attempts have failed since a link was last of use. */
  readonly failures: number;
  readonly firstMs: number;
  readonly mostMs: number;
  /** From 0 up to but not including 1. */
  readonly random: number;
}

/**
 * Returns the delay before reconnecting, in ms: protocol, 2 to 4 s after a link is lost, then up to
 * 8, 16, 32 and 64 s. Each is drawn from the upper half of its range, so that the msg_servers of a
 * dead node do not all reconnect at one moment.
 */
export function reconnectDelayMs({ failures, firstMs, mostMs, random }: ReconnectDelay): number {
  const longest = Math.min(mostMs, firstMs * 2 ** failures);
  return longest * (0.5 + random / 2);
}
