import type { Clock } from './clock.ts';
import type { BusTransport } from './transport/transport.ts';
import type { ForeignFrame } from './wire/header.ts';

/** Why frames did not arrive, or will not. */
export const LOST_REASONS = {
  /** This node lacked frames that their sender no longer has. */
  skipped: 'skipped',
  /**
   * Frames of this node that some live node had not got in time, or that were still kept for some node at the close;
   * that node reports them as skipped.
   */
  dropped: 'dropped',
} as const;

/** Why frames did not arrive, or will not. */
export type LostReason = keyof typeof LOST_REASONS;

/** Frames that are lost for somebody. */
export interface Loss {
  /** Whose frames they are. */
  readonly sender: string;
  readonly frames: number;
  readonly reason: LostReason;
}

/** What the bus tells the node that it belongs to. */
export interface BusEvents {
  /**
   * Something that another node sent: in its sender's order, exactly once. The bytes are a slice of
   * the frame that carried them, which is not used again: keep them as long as you like. Of one sender the
   * frames' numbers never fall.
   */
  onEntry(kind: number, bytes: Buffer, sender: string, frame: number): void;
  /** The node hears itself, or has ceased to. */
  onResponsive(hearing: boolean): void;
  /**
   * Once, when this node and all others know what they owe each other: links taken from now on miss
   * nothing. One that is silent is not waited for long.
   */
  onJoined(): void;
  /** Another node has become known: it is owed what is sent from now on, and what was since it may have links. */
  onKnown?(node: string): void;
  /** A node has left, or has been silent for so long that nothing is kept for it: it is known no more. */
  onGone?(node: string): void;
  /** What waits for the others has reached its bound, or has fallen under half of it. */
  onFull(full: boolean): void;
  /** Frames are lost; each loss is told once. */
  onLost(loss: Loss): void;
  /** The transport met an error and goes on; what repeats is for the caller to condense. */
  onError(error: Error): void;
  /** A frame of a node of another version came and was dropped; what repeats is for the caller to condense. */
  onForeign?(frame: ForeignFrame): void;
}

/** Bounds in bytes, milliseconds and nodes. */
export interface BusLimits {
  /** Entries of one tick are spread over frames of about this size. */
  readonly batchBytes: number;
  /**
   * No publish is larger: a larger entry travels in parts. Redis cuts a subscriber off for one message that is over
   * its output limit, and again whenever it is repeated.
   */
  readonly maxFrameBytes: number;
  /** The largest entry that is put together from parts. */
  readonly maxEntryBytes: number;
  /** How often a node publishes its heartbeat. */
  readonly announceMs: number;
  /** A node that has not heard itself for so long is deaf and connects anew. */
  readonly probeTimeoutMs: number;
  /** The longest that a flush waits unless it is told otherwise. */
  readonly flushMs: number;
  /**
   * Bytes that all nodes together may have under way; each has its share. Redis cuts a subscriber off
   * that is 32 MB behind, and repeats come on top.
   */
  readonly windowBytes: number;
  /** A frame that some live node has not got after this long is given up; a node not heard for so long is forgotten. */
  readonly retentionMs: number;
  /** The most that is kept for repeating; beyond it the oldest is given up. */
  readonly retentionBytes: number;
  /** A node that has been silent for longer than this is not waited for, though its lease may live. */
  readonly leaveMs: number;
  /** A node that starts waits for so long at the most to meet the others, or to find itself alone. */
  readonly joinMs: number;
  /** More nodes are not known at a time. */
  readonly maxPeers: number;
}

/** Limits that suit nodes in one data centre and Redis with its default limits. */
export const DEFAULT_LIMITS: BusLimits = {
  batchBytes: 32 * 1024,
  maxFrameBytes: 128 * 1024,
  maxEntryBytes: 64 * 1024 * 1024,
  announceMs: 250,
  probeTimeoutMs: 2000,
  flushMs: 2000,
  windowBytes: 8 * 1024 * 1024,
  retentionMs: 30_000,
  retentionBytes: 64 * 1024 * 1024,
  leaveMs: 3000,
  joinMs: 750,
  maxPeers: 256,
};

/** What a bus is made of. */
export interface BusOptions {
  /** New at each start: ASCII, 1 to 32 bytes, no spaces. */
  readonly nodeId: string;
  readonly transport: BusTransport;
  readonly events: BusEvents;
  /** Kinds of which neighbouring entries may become one, their bytes one after the other. */
  readonly mergeable?: readonly number[];
  readonly limits?: Partial<BusLimits>;
  readonly clock?: Clock;
}
