import type { Pieces } from '../wire/data-frame.ts';

/** Events of a transport. */
export interface TransportEvents {
  /** A frame arrived, own frames included. The buffer is not reused. */
  onFrame(frame: Buffer): void;
  /**
   * Whether publishing and hearing are believed to work; the bus finds out for itself whether they
   * do.
   */
  onUp(up: boolean): void;
  /** An error occurred. The transport continues. */
  onError(error: Error): void;
}

/**
 * Carries frames from each node to all nodes, or to one. It may lose, repeat, delay and reorder
 * them, and its own status is only a hint. It never retries a publish; the sender of the numbered
 * frames does.
 */
export interface BusTransport {
  /**
   * Connects, and keeps trying. Resolves when the first attempt has succeeded or failed; never
   * rejects.
   */
  open(events: TransportEvents): Promise<void>;
  /** Drops the connection and reconnects, whatever its state. */
  reopen(): void;
  /** Whether frames published to this node's own channel arrive here. */
  readonly hearsOwn: boolean;
  /**
   * Publishes a frame without waiting, to all or to one node that receives its own channel. Returns
   * false without a connection.
   */
  publish(frame: Pieces, to?: string): boolean;
  /** Resolves when every publish so far has been answered or has failed. */
  settled(): Promise<void>;
  /** Closes it for good. No event follows. */
  close(): Promise<void>;
}
