import { SHARD_COUNT } from '@route/redis';
import type { LinkId } from '../presence.ts';
import { Ledger } from './ledger.ts';

/** Hears which users this node's links hold: open ones that are not kept aside. Nothing here may throw. */
export interface InterestObserver {
  /** A link that held nothing of a user now does. */
  added(link: LinkId, userId: number): void;
  /** A link holds nothing of a user any more. */
  removed(link: LinkId, userId: number): void;
  /** A link holds nobody any more, or is to be told of no longer. */
  cleared(link: LinkId): void;
}

/** A link's ledger, of which a listener is told for as long as the link is to be told of. */
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

  /** From now on the listener is told of the link, or is told that it holds nobody. */
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
