import type { Clock } from './clock.ts';
import type { BusTransport } from './transport/transport.ts';
import type { ForeignFrame } from './wire/header.ts';

/** Why frames did not arrive, or will not. */
export const LOST_REASONS = {
  /** This node lacked frames that their sender no longer retains. */
  skipped: 'skipped',
  /**
   * Frames of this node that some live node had not received in time, or that were still retained
   * for a node at the close. That node reports them as skipped.
   */
  dropped: 'dropped',
} as const;

/** Why frames did not arrive, or will not. */
export type LostReason = keyof typeof LOST_REASONS;

/** Frames that some node will never receive. */
export interface Loss {
  /** The node that sent the frames. */
  readonly sender: string;
  readonly frames: number;
  readonly reason: LostReason;
}

/** Events of the bus. */
export interface BusEvents {
  /**
   * An entry of another node, in the sender's order, exactly once. The bytes are a slice of the
   * received frame, which is not reused, so they may be kept. Frame numbers of one sender never
   * fall.
   */
  onEntry(kind: number, bytes: Buffer, sender: string, frame: number): void;
  /** The node became responsive or unresponsive. */
  onResponsive(hearing: boolean): void;
  /**
   * Called once, when this node and all others know the first frame that each must receive: links
   * accepted from now on miss nothing. The wait for a silent node is short.
   */
  onJoined(): void;
  /**
   * Another node has become known: it must receive all frames from now on, and those sent since it
   * may have links.
   */
  onKnown?(node: string): void;
  /**
   * A node has left, or was silent for so long that nothing is retained for it: it is forgotten.
   */
  onGone?(node: string): void;
  /** Unacknowledged bytes have reached the limit, or fallen under half of it. */
  onFull(full: boolean): void;
  /** Frames are lost. Each loss is reported once. */
  onLost(loss: Loss): void;
  /** The transport failed and continues. The caller condenses repeated errors. */
  onError(error: Error): void;
  /** A frame of another version was dropped. The caller condenses repeated events. */
  onForeign?(frame: ForeignFrame): void;
}

/** Bounds in bytes, milliseconds and nodes. */
export interface BusLimits {
  /** Entries of one tick are spread over frames of about this size. */
  readonly batchBytes: number;
  /**
   * The largest publish: larger entries travel in parts. Redis disconnects a subscriber for one
   * message above its output limit, and again at each redelivery.
   */
  readonly maxFrameBytes: number;
  /** The largest entry that is assembled from parts. */
  readonly maxEntryBytes: number;
  /** Interval of the heartbeat. */
  readonly heartbeatMs: number;
  /** A node that receives no own frame for this long is unresponsive and reconnects. */
  readonly probeTimeoutMs: number;
  /** The default limit of a flush. */
  readonly flushMs: number;
  /**
   * Unacknowledged bytes of all nodes together. Each node has its share. Redis disconnects a
   * subscriber that is 32 MB behind, and redelivery comes on top.
   */
  readonly windowBytes: number;
  /**
   * Retention: a frame that some live node has not received is dropped after this time, and a
   * silent node is forgotten.
   */
  readonly retentionMs: number;
  /** The most retained bytes. Beyond it the oldest frames are dropped. */
  readonly retentionBytes: number;
  /** A node that was silent for longer is not awaited, even with a lease. */
  readonly leaveMs: number;
  /** The longest that a starting node waits to join the others, or to find itself alone. */
  readonly joinMs: number;
  /** The largest number of known nodes. */
  readonly maxPeers: number;
}

/** Limits that suit nodes in one data centre and Redis with its default limits. */
export const DEFAULT_LIMITS: BusLimits = {
  batchBytes: 32 * 1024,
  maxFrameBytes: 128 * 1024,
  maxEntryBytes: 64 * 1024 * 1024,
  heartbeatMs: 250,
  probeTimeoutMs: 2000,
  flushMs: 2000,
  windowBytes: 8 * 1024 * 1024,
  retentionMs: 30_000,
  retentionBytes: 64 * 1024 * 1024,
  leaveMs: 3000,
  joinMs: 750,
  maxPeers: 256,
};

/** The parts and settings of a bus. */
export interface BusOptions {
  /** New at each start: ASCII, 1 to 32 bytes, no spaces. */
  readonly nodeId: string;
  readonly transport: BusTransport;
  readonly events: BusEvents;
  /** Kinds whose neighbouring entries may be merged, their bytes concatenated. */
  readonly mergeable?: readonly number[];
  readonly limits?: Partial<BusLimits>;
  readonly clock?: Clock;
}
