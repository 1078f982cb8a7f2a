import type { Clock } from './clock.ts';
import type { BusTransport } from './transport.ts';

/** Why frames did not arrive, or will not. */
export const LOST_REASONS = {
  /** This node lacked frames that their sender no longer has. */
  skipped: 'skipped',
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
   * the frame that carried them, which is not used again: keep them as long as you like.
   */
  onEntry(kind: number, bytes: Buffer, sender: string): void;
  /** The node hears itself, or has ceased to. */
  onHearing(hearing: boolean): void;
  /** Frames are lost; each loss is told once. */
  onLost(loss: Loss): void;
  /** The transport met an error and goes on; what repeats is for the caller to condense. */
  onError(error: Error): void;
}

/** Bounds in bytes and milliseconds. */
export interface BusLimits {
  /** Entries of one tick are spread over frames of up to this; a larger entry travels alone. */
  readonly maxFrameBytes: number;
  /** How often a node says where it is. */
  readonly announceMs: number;
  /** A node that has not heard itself for so long is deaf and connects anew. */
  readonly deafMs: number;
  /** The longest that a flush waits. */
  readonly flushMs: number;
}

/** Limits that suit nodes in one data centre and Redis with its default limits. */
export const DEFAULT_LIMITS: BusLimits = {
  maxFrameBytes: 1024 * 1024,
  announceMs: 250,
  deafMs: 2000,
  flushMs: 2000,
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
