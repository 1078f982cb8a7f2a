import type { Bus } from '@route/bus';
import type { InterestObserver, LinkId } from '@route/presence';
import type { RelayHandling } from '@route/protocol';

/** The part of a link that the routing uses: bytes are written to it. */
export interface Receiver {
  readonly id: LinkId;
  /** Queues whole PDUs. The bytes are not copied and must not change afterwards. */
  send(bytes: Buffer): void;
  /**
   * Queues PDUs that are part of a larger buffer, which must not change either. Few bytes are
   * copied.
   */
  sendPart(bytes: Buffer, start: number, end: number): void;
}

/** The part of the bus that a delivery uses. */
export type DeliveryBus = Pick<
  Bus,
  | 'send'
  | 'passBy'
  | 'full'
  | 'flushBatch'
  | 'ackedByAll'
  | 'heartbeatSeq'
  | 'requestAcks'
  | 'confirmed'
  | 'ackedBy'
  | 'membershipComplete'
>;

/** Links of this node that currently receive. */
export type Receivers = ReadonlySet<Receiver>;

/** Selects the links and nodes that get relayed PDUs. */
export interface Delivery {
  /**
   * Observes the interest of this node's links; undefined if the delivery does not depend on it.
   */
  readonly interestObserver: InterestObserver | undefined;
  /** Registers an open link; it may not receive yet. */
  opened(link: Receiver): void;
  /** Unregisters a link that has no users any more. */
  closed(link: LinkId): void;
  /** Starts or stops sending PDUs to a link. */
  setReceiving(link: Receiver, receives: boolean): void;
  /**
   * Marks a link whose snapshot is being imported: its interest is not complete until the import
   * ends.
   */
  setImporting(link: Receiver, lists: boolean): void;
  /** Relays a batch of a link. The bytes are not copied and must not change. */
  relay(from: Receiver, handling: RelayHandling, run: Buffer): void;
  /**
   * Passes everything that is buffered to the bus. Must be called before anything else is sent over
   * it.
   */
  flush(): void;
  /** Handles a bus message of another node, which arrived in the frame of the given number. */
  entry(kind: number, bytes: Buffer, from: { readonly node: string; readonly frame: number }): void;
  /** Adds another node that has become known. */
  nodeKnown(node: string): void;
  /** Removes a node that is gone. */
  nodeGone(node: string): void;
  /** Records that some frames of a node are missing for good. */
  nodeMissed(node: string): void;
}
