import type { Bus } from '@route/bus';
import type {
  InterestObserver,
  NodeInfo,
  NodeRegistry,
  Presence,
  PresenceEvents,
  UserState,
} from '@route/presence';
import type { UnreadyReason } from '../observability/readiness.ts';
import type { DeliveryBus } from '../routing/delivery.ts';

/** What an engine needs from its node, and calls on it. */
export interface EngineEvents {
  /** What the node publishes about itself. */
  nodeInfo(): NodeInfo;
  /** A bus message of another node, from the frame of the given number. */
  entry(kind: number, bytes: Buffer, from: { readonly node: string; readonly frame: number }): void;
  /** A node has become known to the bus, is gone, or has frames that are missing for good. */
  nodeKnown(node: string): void;
  nodeGone(node: string): void;
  nodeMissed(node: string): void;
  /**
   * Observes the interest of this node's links; undefined if the delivery does not depend on it.
   */
  readonly interestObserver: InterestObserver | undefined;
  /** A status update that was queued while Redis was away is committed. */
  readonly lateCommit: PresenceEvents['lateCommit'];
  /** The offline grace of a user has ended: to be announced as OFFLINE. */
  lost(userId: number, state: UserState, version: number): void;
  /** A user is back after that announcement, by a snapshot, which causes no notification. */
  readonly back: PresenceEvents['back'];
  /** The engine keeps the node from being ready, or no longer does. */
  unready(reason: UnreadyReason, holds: boolean): void;
  /** The bus is full, or has room again: reading is paused or resumed. */
  busFull(full: boolean): void;
}

/** Connects a node to the others, or lets it work alone. */
export interface Engine {
  readonly presence: Presence;
  /** State of the bus; undefined without one. */
  readonly bus:
    | (Pick<Bus, 'counters' | 'responsive' | 'full' | 'rttMs' | 'peers'> & DeliveryBus)
    | undefined;
  /** Whether the lease is acquired and Redis answers; undefined without a lease. */
  readonly leaseHeld: boolean | undefined;
  /** Number of nodes with a lease, including this one. */
  readonly liveNodes: number;
  /** Leases and records in the registry that no node of this release has written. */
  readonly malformedNodeRecords: number;
  /** What the live nodes published last, including this one. */
  readonly nodes: readonly NodeInfo[];
  /**
   * Reads all known nodes and the time left of their leases.
   * @throws the client's error if Redis does not answer.
   */
  readRegistry(): Promise<NodeRegistry>;
  /** Sends a message to all other nodes; the bytes are not copied. */
  send(kind: number, bytes: Buffer): void;
  /** Sets whether this node's links have room for traffic of the bus. */
  setRoom(hasRoom: boolean): void;
  /** Starts; resolves when links may be accepted, however long that takes. */
  start(): Promise<void>;
  /** Stops in order: first waits up to `withinMs` until everything sent has been acknowledged. */
  stop(withinMs?: number): Promise<void>;
  /** Stops at once after a failed start, so that no other node counts this one. */
  abandon?(): Promise<void>;
}
