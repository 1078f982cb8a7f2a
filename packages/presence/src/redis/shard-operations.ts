import type { ClientStatus } from '@route/protocol';
import type { CountedLink } from '../ledger/counted-link.ts';
import { comesWithPc } from '../ledger/late-updates.ts';
import type { PresenceEntry } from '../ledger/presence-entry.ts';
import type { UserList } from '../ledger/user-list.ts';
import type { ConfirmWhich, QueryWaiter, UpdateWaiter, UserState } from '../presence.ts';

/** A status query on its way: its ids are looked up in their shards, the answers meet here. */
export class PendingQuery {
  readonly #online: Uint8Array;
  readonly #waiter: QueryWaiter;
  #missing: number;

  constructor(ids: number, waiter: QueryWaiter) {
    this.#online = new Uint8Array(ids);
    this.#waiter = waiter;
    this.#missing = ids;
  }

  /** Notes the answer for the i-th id; the last one missing completes the query. */
  answer(index: number, online: boolean): void {
    this.#online[index] = online ? 1 : 0;
    this.#missing--;
    if (this.#missing === 0) this.#waiter.answered(this.#online);
  }
}

/** What a link says or asks of a user, waiting in the queue of the user's shard. */
interface OfUser {
  /**
   * What this node's own links held of the user when it was asked for, where Redis may not know it
   * yet (a snapshot or a resync is on its way); else 'gone'.
   */
  readonly local: UserState;
}

export interface UpdateOperation extends OfUser {
  readonly kind: 'update';
  readonly link: CountedLink;
  readonly update: ClientStatus;
  readonly entry: PresenceEntry;
  /** Undefined where the update was answered 'later' and is told as a late commit. */
  readonly waiter?: UpdateWaiter;
  /** See {@link LateCommit.since}; undefined where the update was not put off. */
  readonly since?: number;
}

/**
 * What a link holds of a user is set again. Not put off like an update: by the time that Redis is back the
 * client may have gone, and another one be there.
 */
export interface ConfirmOperation extends OfUser {
  readonly kind: 'confirm';
  readonly link: CountedLink;
  readonly update: ClientStatus;
  readonly entry: PresenceEntry;
  readonly waiter: UpdateWaiter;
  /** Whether a mobile client may be confirmed where there is no PC client. */
  readonly which: ConfirmWhich;
}

/**
 * Users to be read for queries, who stand next to each other in a shard's queue: lists and not an object
 * a user, of which a second's worth would be a million.
 */
export class ReadsOperation {
  readonly kind = 'reads';
  readonly userIds: number[] = [];
  readonly #queries: PendingQuery[] = [];
  readonly #indexes: number[] = [];

  /** The user is the i-th that the query asks for. */
  add(query: PendingQuery, index: number, userId: number): void {
    this.userIds.push(userId);
    this.#queries.push(query);
    this.#indexes.push(index);
  }

  /** Answers each, in order. */
  answer(isOnline: (place: number) => boolean): void {
    this.#queries.forEach((query, place) => {
      query.answer(this.#indexes[place] ?? 0, isOnline(place));
    });
  }
}

/** A link's end, or its being set aside. */
export interface ReleaseOperation {
  readonly kind: 'release';
  readonly link: CountedLink;
  /** After how many ms the users without a PC client are to be announced offline; 0 for never. */
  readonly graceMs: number;
  /** The users who had a PC client on it, in this shard. Asked for late: of a million users it takes a while. */
  hadPc(): readonly number[];
}

/** Begins to work in the shard, and finds the links of this node that Redis knows there. */
export interface SurveyOperation {
  readonly kind: 'survey';
}

/** What waits in a shard's queue, in the order in which it was asked for. */
export type ShardOperation =
  | UpdateOperation
  | ConfirmOperation
  | ReadsOperation
  | ReleaseOperation
  | SurveyOperation;

/**
 * Many users of one link to be set, when there is nothing more urgent: a snapshot, or all that the
 * link holds in the shard. What is sent is what the link holds at that moment.
 */
export interface BulkTask {
  readonly link: CountedLink;
  /** Whether it is all that the link holds here: the node's links are not asserted before it is done. */
  readonly asserts: boolean;
  /**
   * How many operations the queue must have sent before: those that were made before this task carry
   * older holdings, and may be a release, and would undo it if they came after it.
   */
  readonly after: number;
  /** undefined: the users that the ledger and Redis know, found out when the task begins. */
  users: UserList | undefined;
  /** Where in them the first is who has not been said. */
  next: number;
}

/** An operation that travels with others in one call. */
export type OfUserOperation = UpdateOperation | ConfirmOperation | ReadsOperation;

export function isOfUser(operation: ShardOperation): operation is OfUserOperation {
  return operation.kind !== 'release' && operation.kind !== 'survey';
}

/** How many users a call is to say or ask something of for an operation. */
export function usersOf(operation: OfUserOperation): number {
  return operation.kind === 'reads' ? operation.userIds.length : 1;
}

/** Whether an operation is an update that is announced as a PC client's coming. */
export function saysThatPcIsThere(operation: OfUserOperation): operation is UpdateOperation {
  return operation.kind === 'update' && comesWithPc(operation.update);
}
