import { SHARD_COUNT } from '@route/redis';
import type { LinkId } from '../presence.ts';
import { Ledger } from './ledger.ts';

/** Observes the users on this node's open links that are not on standby. No method may throw. */
export interface InterestObserver {
  /** A link gained its first client of a user. */
  added(link: LinkId, userId: number): void;
  /** A link lost its last client of a user. */
  removed(link: LinkId, userId: number): void;
  /** A link has no more users, or is no longer observed. */
  cleared(link: LinkId): void;
}

/** A link's ledger that reports changes to an observer while the link is observed. */
export class ObservedLedger {
  readonly ledger: Ledger;
  readonly #link: LinkId;
  readonly #listener: InterestObserver | undefined;
  #told = false;

  constructor(link: LinkId, listener: InterestObserver | undefined) {
    this.#link = link;
    this.#listener = listener;
    this.ledger = new Ledger(
      listener &&
        ((userId, held) => {
          if (this.#told) this.#tell(userId, held);
        }),
    );
  }

  /** Starts reporting the link, with all its users, or stops and reports it as cleared. */
  setObserved(told: boolean): void {
    if (told === this.#told) return;
    this.#told = told;
    if (!told) {
      this.#listener?.cleared(this.#link);
    } else if (this.#listener !== undefined) {
      for (let shard = 0; shard < SHARD_COUNT; shard++) {
        for (const userId of this.ledger.usersOf(shard)) this.#tell(userId, true);
      }
    }
  }

  #tell(userId: number, held: boolean): void {
    if (held) this.#listener?.added(this.#link, userId);
    else this.#listener?.removed(this.#link, userId);
  }
}
