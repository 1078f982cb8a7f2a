import { BatchBuffer } from '../batch-buffer.ts';
import { INTEREST_SYNC, MESSAGE_TYPES } from '../bus-messages.ts';
import type { DeliveryBus, Receiver } from '../delivery.ts';
import type { InterestSync } from './interest-sync.ts';
import { ReplayBuffer } from './replay-buffer.ts';

/** Copied PDUs share chunks of this size, which is that of the largest frame. */
const CHUNK_BYTES = 32 * 1024;

/** Interval at which a node that is heard but sends no list is asked for it. */
const ASK_MS = 1000;

/** Another node, from the point of view of directed delivery. */
export class RemoteNode {
  readonly id: string;
  /** PDUs that are buffered for it. */
  readonly run: BatchBuffer;
  /** Sends this node's full interest to it. */
  readonly listing: InterestSync;
  /** PDUs that came from it and that it still retains, by frame number. */
  readonly recent = new ReplayBuffer<Receiver>('one-way');
  /** Whether its full list and every later change have arrived. */
  isWhole = false;
  /** Whether its list has begun and not ended. */
  isListing = false;
  /** Whether one of its links needs every PDU. */
  wantsAll = false;
  /** Whether its interest was up to date at the last check. */
  isSure = false;
  readonly #bus: Pick<DeliveryBus, 'send'>;
  #isHeard = false;
  #isGone = false;
  /** When it was first heard, or last asked for its list. */
  #askedAt = 0;

  constructor(
    id: string,
    { bus, listing }: { readonly bus: Pick<DeliveryBus, 'send'>; readonly listing: InterestSync },
  ) {
    this.id = id;
    this.listing = listing;
    this.#bus = bus;
    this.run = new BatchBuffer(CHUNK_BYTES, (run) => {
      // A new node without this state may have the same id by now.
      if (!this.#isGone) bus.send(MESSAGE_TYPES.directed, run, id);
    });
  }

  /**
   * Called while the node is heard. The first time, this node sends its list: a node that is only
   * known may never read it. A node that has known this one all the time, and was forgotten here,
   * sends its own list only when asked.
   */
  heard(now: number): void {
    if (!this.#isHeard) {
      this.#isHeard = true;
      this.#askedAt = now;
      this.listing.start();
    } else if (!this.isWhole && !this.isListing && now - this.#askedAt >= ASK_MS) {
      this.askForList(now);
    }
  }

  /** Requests the list of its users. */
  askForList(now: number): void {
    this.isListing = false;
    this.#askedAt = now;
    this.#bus.send(MESSAGE_TYPES.interestSync, INTEREST_SYNC.asked, this.id);
  }

  /** Marks the node as gone: nothing is sent to it any more. */
  leave(): void {
    this.#isGone = true;
    this.listing.stop();
  }
}
