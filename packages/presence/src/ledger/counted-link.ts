import type { LinkId } from '../presence.ts';
import { type InterestObserver, ObservedLedger } from './observed-ledger.ts';
import { PresenceEntry } from './presence-entry.ts';

/** A link as an engine keeps it: its ledger, whether it counts, and in which shards Redis may know of it. */
export class CountedLink extends ObservedLedger {
  readonly id: LinkId;
  /**
   * Shards in which Redis holds something of this link, once held something, or will when what waits
   * is said: a link's end takes back what is still on its way.
   */
  readonly shards = new Set<number>();
  /** Closed, or kept aside: the ledger counts for nobody. */
  counts: boolean;

  constructor(id: LinkId, counts: boolean, listener?: InterestObserver) {
    super(id, listener);
    this.id = id;
    this.counts = counts;
  }

  /** What presence is to know that this link holds of a user. */
  entry(userId: number): PresenceEntry {
    return this.counts ? this.ledger.entry(userId) : PresenceEntry.NOTHING;
  }
}
