import type { Bus } from '@route/bus';
import type { InterestObserver, LinkId } from '@route/presence';
import type { RelayHandling } from '@route/protocol';

/** A link as those see it who pass PDUs on: something that bytes are written to. */
export interface Receiver {
  readonly id: LinkId;
  /** Queues whole PDUs; the bytes are not copied and must not change any more. */
  send(bytes: Buffer): void;
  /** Queues PDUs that stand between other bytes, which must not change either; few bytes are copied. */
  sendPart(bytes: Buffer, start: number, end: number): void;
}

/** What a delivery asks and tells the bus. */
export type DeliveryBus = Pick<
  Bus,
  | 'send'
  | 'full'
  | 'flushBatch'
  | 'ackedByAll'
  | 'heartbeatSeq'
  | 'requestAcks'
  | 'confirmed'
  | 'ackedBy'
  | 'membershipComplete'
>;

/** The links of this node that receive now. */
export type Receivers = ReadonlySet<Receiver>;

/** Decides who gets the PDUs that are relayed. */
export interface Delivery {
  /** Hears whom this node's links hold; undefined where that plays no part. */
  readonly interestObserver: InterestObserver | undefined;
  /** A link has opened; it may not receive yet. */
  opened(link: Receiver): void;
  /** A link holds nobody any more. */
  closed(link: LinkId): void;
  /** A link begins to receive, or does no longer. */
  setReceiving(link: Receiver, receives: boolean): void;
  /** A link's list of users is being taken in bit by bit, or no longer: it is not known yet whom it holds. */
  setImporting(link: Receiver, lists: boolean): void;
  /** Passes on a run of a link's PDUs; the bytes are not copied and must not change. */
  relay(from: Receiver, handling: RelayHandling, run: Buffer): void;
  /** Hands over to the bus what has gathered; whoever sends anything else over it calls this before. */
  flush(): void;
  /** Takes in an entry of another node, which came in its frame of that number. */
  entry(kind: number, bytes: Buffer, from: { readonly node: string; readonly frame: number }): void;
  /** Another node has become known. */
  nodeKnown(node: string): void;
  /** A node is gone. */
  nodeGone(node: string): void;
  /** Some of what a node had sent will never come. */
  nodeMissed(node: string): void;
}
