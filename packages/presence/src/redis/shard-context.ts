import type { AnnouncedUsers } from '../grace/announced-users.ts';
import type { LinkPresenceOptions } from '../ledger/link-presence.ts';
import type { NodeLinks } from '../ledger/node-links.ts';
import type { ConfirmWhich, PresenceEvents, UpdateWaiter } from '../presence.ts';
import type { PresenceStore } from './keys.ts';
import type { VersionClock } from './version-clock.ts';

export interface PresenceRedisOptions extends LinkPresenceOptions, PresenceStore {
  readonly nodeId: string;
  readonly events: PresenceEvents;
  /** A call failed, or its outcome is unknown. */
  failed(reason: string): void;
  /** Redis is at maxmemory and refuses entries. Undefined when it no longer does. */
  full(reason: string | undefined): void;
  /** Ms between the end of a link and the offline announcement of its PC users. 0 for never. */
  readonly offlineGraceMs: number;
  /** The largest number of operations in one call, at most {@link MOST_OPERATIONS}. */
  readonly maxOperationsPerCall?: number;
  /** Monotonic milliseconds. */
  now(): number;
}

/** A byte selects the value that an operation sets, which limits the operations of a call. */
export const MOST_OPERATIONS = 256;

/** What the shards of one node share. */
export interface ShardContext {
  readonly options: PresenceRedisOptions;
  readonly links: NodeLinks;
  readonly versions: VersionClock;
  readonly announcedUsers: AnnouncedUsers;
  /** Users to confirm when Redis is back. Each has a client on a link of this node. */
  readonly toConfirm: Map<number, { readonly waiter: UpdateWaiter; readonly which: ConfirmWhich }>;
  /** The stamp of this node's last call: Redis refuses a call that arrives after a later one. */
  stamp: number;
  /**
   * Redis is at maxmemory and has refused an entry a moment ago. Until the next attempt, entries wait
   * and only calls that free memory are made. The data in Redis is as certain as before.
   */
  isFull: boolean;
  /** Redis has refused a call for lack of memory, and has done nothing. */
  full(reason: string): void;
  /** Bulk calls in progress, in all shards. */
  bulkCalls: number;
  /** Sends what is pending, at the end of this turn of the loop. */
  schedulePump(): void;
}
