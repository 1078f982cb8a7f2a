import { BatchBuffer } from '../batch-buffer.ts';
import { INTEREST_SYNC, MESSAGE_TYPES } from '../bus-messages.ts';
import type { DeliveryBus, Receiver } from '../delivery.ts';
import type { InterestSync } from './interest-sync.ts';
import { ReplayBuffer } from './replay-buffer.ts';

/** PDUs that are copied go together into chunks of so many bytes: as large as a frame may be. */
const CHUNK_BYTES = 32 * 1024;

/** A node that is heard and does not list its users is asked to after so long, and again. */
const ASK_MS = 1000;

/** Another node, as one that directs sees it. */
export class RemoteNode {
  readonly id: string;
  /** PDUs on their way to it. */
  readonly run: BatchBuffer;
  /** Tells it whom this node holds. */
  readonly listing: InterestSync;
  /** What came from it and it still keeps, by the number of the frame. */
  readonly recent = new ReplayBuffer<Receiver>('one-way');
  /** Whether it has listed all whom its links hold, and every change since has come. */
  isWhole = false;
  /** Whether its list has begun and not ended. */
  isListing = false;
  /** Whether a link of it is to get everything. */
  wantsAll = false;
  /** Whether it is known whom it holds, or was a moment ago. */
  isSure = false;
  readonly #bus: Pick<DeliveryBus, 'send'>;
  #isHeard = false;
  #isGone = false;
  /** When it was heard first, or last asked for its list. */
  #askedAt = 0;

  constructor(
    id: string,
    { bus, listing }: { readonly bus: Pick<DeliveryBus, 'send'>; readonly listing: InterestSync },
  ) {
    this.id = id;
    this.listing = listing;
    this.#bus = bus;
    this.run = new BatchBuffer(CHUNK_BYTES, (run) => {
      // It may be back under the same id, as another one that knows nothing of this.
      if (!this.#isGone) bus.send(MESSAGE_TYPES.directed, run, id);
    });
  }

  /**
   * It is heard: the first time, this node lists its users to it. One that is only known of may never read that. A node
   * that has known this one all the time, and was forgotten here, lists its own only when it is asked.
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

  /** Asks it to list its users. */
  askForList(now: number): void {
    this.isListing = false;
    this.#askedAt = now;
    this.#bus.send(MESSAGE_TYPES.listing, INTEREST_SYNC.asked, this.id);
  }

  /** It is gone: nothing is sent to it any more. */
  leave(): void {
    this.#isGone = true;
    this.listing.stop();
  }
}
