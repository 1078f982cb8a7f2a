import { Holding } from './holding.ts';
import { Ledger } from './ledger.ts';
import type { LinkId } from './presence.ts';

/** A link as the Redis engine keeps it: its ledger, and in which shards Redis may know of it. */
export class CountedLink {
  readonly id: LinkId;
  readonly ledger = new Ledger();
  /**
   * Shards in which Redis holds something of this link, once held something, or will when what waits
   * is said: a link's end takes back what is still on its way.
   */
  readonly shards = new Set<number>();
  /** Closed, or kept aside: the ledger counts for nobody. */
  counts: boolean;

  constructor(id: LinkId, counts: boolean) {
    this.id = id;
    this.counts = counts;
  }

  /** What presence is to know that this link holds of a user. */
  holding(userId: number): Holding {
    return this.counts ? this.ledger.holding(userId) : Holding.NOTHING;
  }
}
