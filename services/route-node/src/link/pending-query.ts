import type { LinkId, Presence, QueryWaiter } from '@route/presence';
import {
  encodeUserStats,
  joinUsersStatusResponse,
  USER_STATUS,
  type UsersStatusRequest,
} from '@route/protocol';
import type { Receiver } from '../routing/delivery.ts';
import type { Hub } from '../routing/hub.ts';
import { LargePdu } from './large-pdu.ts';
import type { Pending, PendingQueue } from './pending-queue.ts';
import { unpinned } from './pinned-memory.ts';
import type { TimeSlicer } from './time-slicer.ts';

/** Memory per queried id: its place in the query, in the queue of its shard, and in the answer. */
const BYTES_PER_ID = 80;

/** The most users that one step requests, and one part of the answer contains. */
export const ASKED_AT_ONCE = 500;

export interface PendingQueryOptions {
  readonly link: LinkId;
  readonly presence: Presence;
  readonly receiver: Receiver;
  readonly hub: Hub;
  /** The queue in which the query waits. */
  readonly queue: PendingQueue;
}

/**
 * A status query that waits for its answer. Presence is asked, and the answer encoded, in parts: a
 * query of 100,000 users at once would block the loop for a tenth of a second.
 */
export class PendingQuery implements Pending {
  readonly #request: UsersStatusRequest;
  readonly #options: PendingQueryOptions;
  /** The encoded answer, in the order of the query. */
  readonly #parts: Buffer[] = [];
  #asked = 0;
  /** The number of users whose status is not known yet. */
  #missing: number;

  constructor(request: UsersStatusRequest, options: PendingQueryOptions) {
    this.#request = { ...request, attachData: unpinned(request.attachData) };
    this.#options = options;
    this.#missing = request.userIds.length;
  }

  get ready(): boolean {
    return this.#missing === 0;
  }

  get bytes(): number {
    return 64 + this.#request.userIds.length * BYTES_PER_ID + this.#request.attachData.length;
  }

  /** Asks presence for the next users. @returns whether these were the last. */
  ask(): boolean {
    const { link, presence } = this.#options;
    const { userIds } = this.#request;
    const from = this.#asked;
    this.#asked = Math.min(userIds.length, from + ASKED_AT_ONCE);
    const part = userIds.slice(from, this.#asked);
    const waiter: QueryWaiter = {
      answered: (online) => this.#answered(from / ASKED_AT_ONCE, part, online),
    };
    presence.query(link, part, waiter);
    return this.#asked === userIds.length;
  }

  complete(): void {
    const { userId, attachData, seqNum } = this.#request;
    const { hub, receiver } = this.#options;
    hub.flush();
    receiver.send(joinUsersStatusResponse({ userId, parts: this.#parts, attachData, seqNum }));
  }

  #answered(index: number, part: readonly number[], online: Uint8Array): void {
    // Protocol: one entry per id, in the order of the query; a user with only a mobile client is
    // OFFLINE.
    const stats = part.map((userId, i) => ({
      userId,
      status: online[i] === 1 ? USER_STATUS.online : USER_STATUS.offline,
    }));
    this.#parts[index] = encodeUserStats(stats);
    this.#missing -= part.length;
    if (this.ready) this.#options.queue.advance();
  }
}

/** A query of more than {@link ASKED_AT_ONCE} users, asked in steps. */
export class LargeQuery extends LargePdu {
  readonly #query: PendingQuery;

  constructor(query: PendingQuery, timeSlicer: TimeSlicer, done: () => void) {
    super(timeSlicer, done);
    this.#query = query;
  }

  protected override step(): boolean {
    return this.#query.ask();
  }
}
