import { SHARD_COUNT } from '@route/redis';
import type { LinkId } from '../presence.ts';
import { Ledger } from './ledger.ts';
import { PresenceEntry } from './presence-entry.ts';

/** Observes the users on this node's open links that are not on standby. No method may throw. */
export interface InterestObserver {
  /** A link gained its first client of a user. */
  added(link: LinkId, userId: number): void;
  /** A link lost its last client of a user. */
  removed(link: LinkId, userId: number): void;
  /** A link has no more users, or is no longer observed. */
  cleared(link: LinkId): void;
}

/** A link in an engine. Reports changes of its ledger to an observer while it is observed. */
export class CountedLink {
  readonly id: LinkId;
  readonly ledger: Ledger;
  /**
   * Shards that contain, or did or will contain, entries of this link. All of them are cleared when
   * it ends, also of what is still on its way.
   */
  readonly shards = new Set<number>();
  /** False when the link is closed or on standby: its ledger does not count. */
  counts: boolean;
  readonly #observer: InterestObserver | undefined;
  #observed: boolean;

  constructor(id: LinkId, counts: boolean, observer?: InterestObserver) {
    this.id = id;
    this.counts = counts;
    this.#observer = observer;
    this.#observed = counts;
    this.ledger = new Ledger((userId, isOnLink) => {
      if (!this.#observed) return;
      if (isOnLink) observer?.added(id, userId);
      else observer?.removed(id, userId);
    });
  }

  /** The entry that presence should have for a user on this link. */
  entry(userId: number): PresenceEntry {
    return this.counts ? this.ledger.entry(userId) : PresenceEntry.NOTHING;
  }

  /** Whether Redis may have entries of this link in a shard, or should have some. */
  isIn(shard: number): boolean {
    return this.shards.has(shard) || this.ledger.holdsIn(shard);
  }

  /** Starts reporting the link, with all its users, or stops and reports it as cleared. */
  setObserved(observed: boolean): void {
    if (observed === this.#observed) return;
    this.#observed = observed;
    if (!observed) this.#observer?.cleared(this.id);
    if (!observed || this.#observer === undefined) return;
    for (let shard = 0; shard < SHARD_COUNT; shard++) {
      for (const userId of this.ledger.usersOf(shard)) this.#observer.added(this.id, userId);
    }
  }
}
