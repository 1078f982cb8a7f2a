import type { Pieces } from '../wire/data-frame.ts';

/** What a transport tells the bus that opened it. */
export interface TransportEvents {
  /** Something published arrived, one's own included. The buffer is not used again. */
  onFrame(frame: Buffer): void;
  /** Whether publishing and hearing are believed to work; the bus finds out for itself whether they do. */
  onUp(up: boolean): void;
  /** Something went wrong; the transport goes on by itself. */
  onError(error: Error): void;
}

/**
 * Carries frames from each node to all nodes, or to one. It may lose, repeat, delay and reorder them: what it
 * says of itself is a hint. It never retries a publish; that is for whoever numbered the frames.
 */
export interface BusTransport {
  /** Connects, and keeps trying. Resolves when the first attempt has succeeded or failed; never rejects. */
  open(events: TransportEvents): Promise<void>;
  /** Drops what it has and connects anew, whatever state it believes to be in. */
  reopen(): void;
  /** Whether frames that are published to this node alone arrive here. */
  readonly hearsOwn: boolean;
  /**
   * Hands a frame on without waiting, to all or to one node that hears its own; false when there is nobody
   * to hand it to now.
   */
  publish(frame: Pieces, to?: string): boolean;
  /** Resolves when every publish so far has been answered or has failed. */
  settled(): Promise<void>;
  /** Ends it for good; no event comes afterwards. */
  close(): Promise<void>;
}
