import { ENTRY_KINDS } from '../entries.ts';
import { GatheredRun } from '../gathered-run.ts';
import type { DeliveryBus, Receiver } from './delivery.ts';
import type { Listing } from './listing.ts';
import { RecentPdus } from './recent-pdus.ts';

/** PDUs that are copied go together into chunks of so many bytes: as large as a frame may be. */
const CHUNK_BYTES = 32 * 1024;

/** Another node, as one that directs sees it. */
export class RemoteNode {
  readonly id: string;
  /** PDUs on their way to it. */
  readonly run: GatheredRun;
  /** Tells it whom this node holds. */
  readonly listing: Listing;
  /** What came from it and it still keeps, by the number of the frame. */
  readonly recent = new RecentPdus<Receiver>('one-way');
  /** Whether it has listed all whom its links hold, and every change since has come. */
  isWhole = false;
  /** Whether a link of it is to get everything. */
  wantsAll = false;
  /** Whether it is known whom it holds, or was a moment ago. */
  isSure = false;
  #isHeard = false;
  #isGone = false;

  constructor(
    id: string,
    { bus, listing }: { readonly bus: Pick<DeliveryBus, 'send'>; readonly listing: Listing },
  ) {
    this.id = id;
    this.listing = listing;
    this.run = new GatheredRun(CHUNK_BYTES, (run) => {
      // It may be back under the same id, as another one that knows nothing of this.
      if (!this.#isGone) bus.send(ENTRY_KINDS.directed, run, id);
    });
  }

  /** It is heard: the first time, it is listed whom this node holds. One that is only known of may never read it. */
  heard(): void {
    if (this.#isHeard) return;
    this.#isHeard = true;
    this.listing.start();
  }

  /** It is gone: nothing is sent to it any more. */
  leave(): void {
    this.#isGone = true;
    this.listing.stop();
  }
}
