import type { LinkId } from '../presence.ts';
import { type InterestObserver, ObservedLedger } from './observed-ledger.ts';
import { PresenceEntry } from './presence-entry.ts';

/**
 * A link in an engine: its ledger, whether it counts, and the shards in which Redis may know it.
 */
export class CountedLink extends ObservedLedger {
  readonly id: LinkId;
  /**
   * Shards that contain, did contain, or will contain entries of this link once pending operations
   * are sent. When the link ends, all of them are cleared, also of what is still on its way.
   */
  readonly shards = new Set<number>();
  /** False when the link is closed or on standby: its ledger does not count. */
  counts: boolean;

  constructor(id: LinkId, counts: boolean, listener?: InterestObserver) {
    super(id, listener);
    this.id = id;
    this.counts = counts;
  }

  /** The entry that presence should have for a user on this link. */
  entry(userId: number): PresenceEntry {
    return this.counts ? this.ledger.entry(userId) : PresenceEntry.NOTHING;
  }
}
