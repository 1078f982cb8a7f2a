import { type ClientStatus, USER_STATUS } from '@route/protocol';
import type { CountedLink } from '../ledger/counted-link.ts';
import type { PresenceEntry } from '../ledger/presence-entry.ts';
import type { ConfirmWhich, QueryWaiter, UpdateWaiter, UserState } from '../presence.ts';

/** A status query in progress. Collects the answers of the shards. */
export class ShardedQuery {
  readonly #online: Uint8Array;
  readonly #waiter: QueryWaiter;
  #missing: number;

  constructor(ids: number, waiter: QueryWaiter) {
    this.#online = new Uint8Array(ids);
    this.#waiter = waiter;
    this.#missing = ids;
  }

  /** Records the answer for the i-th id. The last missing one completes the query. */
  answer(index: number, online: boolean): void {
    this.#online[index] = online ? 1 : 0;
    this.#missing--;
    if (this.#missing === 0) this.#waiter.answered(this.#online);
  }
}

/** Sets the entry of a user on a link. */
interface SetOperation {
  readonly link: CountedLink;
  readonly update: ClientStatus;
  readonly entry: PresenceEntry;
  /**
   * The user's state on this node's links when the operation was queued, if Redis may lack it (a
   * snapshot or a resync is in progress). Otherwise 'gone'.
   */
  readonly local: UserState;
}

export interface UpdateOperation extends SetOperation {
  readonly kind: 'update';
  /** Undefined if the update was answered 'later' and is reported as a late commit. */
  readonly waiter?: UpdateWaiter;
  /** See {@link LateCommit}. */
  readonly hadClient: boolean;
}

/**
 * Sets an entry again. Not deferred like an update: when Redis is back, the client may be gone and
 * another one online.
 */
export interface ConfirmOperation extends SetOperation {
  readonly kind: 'confirm';
  readonly waiter: UpdateWaiter;
  readonly which: ConfirmWhich;
}

/**
 * Consecutive reads for queries in a shard's queue. Lists instead of an object per user, which
 * would be a million objects per second.
 */
export class ReadsOperation {
  readonly kind = 'reads';
  readonly userIds: number[] = [];
  readonly #queries: ShardedQuery[] = [];
  readonly #indexes: number[] = [];

  add(query: ShardedQuery, index: number, userId: number): void {
    this.userIds.push(userId);
    this.#queries.push(query);
    this.#indexes.push(index);
  }

  answer(isOnline: (place: number) => boolean): void {
    this.#queries.forEach((query, place) => {
      query.answer(this.#indexes[place] ?? 0, isOnline(place));
    });
  }
}

/** A link is closed or set on standby. */
export interface ReleaseOperation {
  readonly kind: 'release';
  readonly link: CountedLink;
  /** Ms until users left without a PC client are announced offline. 0 for never. */
  readonly graceMs: number;
  /** Users of this shard with a PC client on the link. Called late: a million users take long. */
  hadPc(): readonly number[];
}

/** An operation that shares a call with others. */
export type BatchedOperation = UpdateOperation | ConfirmOperation | ReadsOperation;

export type ShardOperation =
  | BatchedOperation
  | ReleaseOperation
  /** Begins a series of calls in the shard and finds links of this node that Redis lists there. */
  | { readonly kind: 'survey' };

/** Whether an operation may enlarge Redis. One that takes a client offline frees memory. */
export function enlarges(operation: BatchedOperation): boolean {
  if (operation.kind === 'reads') return false;
  return operation.kind === 'confirm' || operation.update.status !== USER_STATUS.offline;
}

/** How many users an operation sets or reads. */
export function usersOf(operation: BatchedOperation): number {
  return operation.kind === 'reads' ? operation.userIds.length : 1;
}
