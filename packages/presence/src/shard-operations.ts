import type { ClientStatus } from '@route/protocol';
import type { CountedLink } from './counted-link.ts';
import type { Holding } from './holding.ts';
import type { QueryWaiter, UpdateWaiter } from './presence.ts';

/** A status query on its way: its ids are looked up in their shards, the answers meet here. */
export class PendingQuery {
  readonly userIds: readonly number[];
  readonly online: Uint8Array;
  readonly link: CountedLink;
  readonly #waiter: QueryWaiter;
  #missing: number;

  constructor(link: CountedLink, userIds: readonly number[], waiter: QueryWaiter) {
    this.link = link;
    this.userIds = userIds;
    this.online = new Uint8Array(userIds.length);
    this.#waiter = waiter;
    this.#missing = userIds.length;
  }

  /** Notes the answer for the i-th id; the last one missing completes the query. */
  answer(index: number, online: boolean): void {
    this.online[index] = online ? 1 : 0;
    this.#missing--;
    if (this.#missing === 0) this.#waiter.answered(this.online);
  }
}

/** What waits in a shard's queue, in the order in which it was asked for. */
export type ShardOperation =
  | {
      readonly kind: 'update';
      readonly link: CountedLink;
      readonly update: ClientStatus;
      readonly holding: Holding;
      /** undefined: nobody waits any more, the commit is told as a late one. */
      readonly waiter: UpdateWaiter | undefined;
    }
  | {
      readonly kind: 'read';
      readonly query: PendingQuery;
      readonly index: number;
      readonly userId: number;
    }
  | { readonly kind: 'release'; readonly link: CountedLink };

/**
 * Many users of one link to be set, when there is nothing more urgent: a snapshot, or all that the
 * link holds in the shard. What is sent is what the link holds at that moment.
 */
export interface BulkTask {
  readonly link: CountedLink;
  /** undefined: the users that the ledger and Redis know, found out when the task begins. */
  userIds: readonly number[] | undefined;
  next: number;
}
