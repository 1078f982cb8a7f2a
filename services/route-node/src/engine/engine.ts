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

/** What an engine asks and tells its node. */
export interface EngineEvents {
  /** What the node says of itself to the others. */
  nodeInfo(): NodeInfo;
  /** Something that another node sent over the bus, in its frame of that number. */
  entry(kind: number, bytes: Buffer, from: { readonly node: string; readonly frame: number }): void;
  /** Another node has become known to the bus, is gone, or has sent something that will never come. */
  nodeKnown(node: string): void;
  nodeGone(node: string): void;
  nodeMissed(node: string): void;
  /** Hears whom this node's links hold; undefined where that plays no part. */
  readonly interestObserver: InterestObserver | undefined;
  /** A status update that presence had put off stands now. */
  readonly lateCommit: PresenceEvents['lateCommit'];
  /** A PC user whose link ended is not back: to be told as an OFFLINE would be. */
  lost(userId: number, state: UserState, version: number): void;
  /** Such a user is back on a link that says so to nobody. */
  readonly back: PresenceEvents['back'];
  /** The engine keeps the node from being ready, or does no longer. */
  unready(reason: UnreadyReason, holds: boolean): void;
  /** The bus takes no more for now: sources are to be slowed. */
  busFull(full: boolean): void;
}

/** What joins a node to the others, or lets it work alone. */
export interface Engine {
  readonly presence: Presence;
  /** How the bus is; undefined where there is none. */
  readonly bus:
    | (Pick<Bus, 'counters' | 'responsive' | 'full' | 'rttMs' | 'peers'> & DeliveryBus)
    | undefined;
  /** Whether the lease is held and Redis answers; undefined where there is none. */
  readonly leaseHeld: boolean | undefined;
  /** Nodes whose lease lives, this one included. */
  readonly liveNodes: number;
  /** Leases and records in the registry of nodes that no node of this release has written. */
  readonly malformedNodeRecords: number;
  /** What the live nodes said of themselves a short while ago, this one included. */
  readonly nodes: readonly NodeInfo[];
  /**
   * All nodes that are known, with how long their leases last.
   * @throws the client's error when Redis does not answer.
   */
  readRegistry(): Promise<NodeRegistry>;
  /** Sends an entry to all other nodes; the bytes are not copied. */
  send(kind: number, bytes: Buffer): void;
  /** Tells whether this node's links have room for what comes over the bus. */
  setRoom(hasRoom: boolean): void;
  /** Starts; resolves when links may be taken, however long that takes. */
  start(): Promise<void>;
  /** Ends in good order: what was sent is handed over before, for which it waits up to `withinMs`. */
  stop(withinMs?: number): Promise<void>;
  /** The node has not started after all: ends at once, so that no other node counts it as one. */
  abandon?(): Promise<void>;
}
