import type { UserStat } from '@route/protocol';
import type { Cancel, Clock } from './clock.ts';
import { RouteClientError } from './errors.ts';
import type { RouteLink } from './route-link.ts';

const MAX_SEQ_NUM = 0xffff;

/** An answer to a query. */
export interface QueryAnswer {
  /**
   * One entry per id in the order of the query, repeats included. ONLINE with any PC client, else
   * OFFLINE.
   */
  readonly stats: readonly UserStat[];
  /** The attach_data of the request. */
  readonly attachData: Buffer;
}

interface Pending {
  readonly link: RouteLink;
  readonly ids: number;
  readonly cancelTimeout: Cancel;
  readonly settle: (outcome: QueryAnswer | RouteClientError) => void;
}

/** Queries that wait for their answers, by sequence number. */
export class PendingQueries {
  readonly #clock: Clock;
  readonly #pending = new Map<number, Pending>();
  #lastSeqNum = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /**
   * Sends a query for a number of ids by `write`, which gets its sequence number.
   * @throws RouteClientError `query-timed-out`, `link-lost`, `too-many-queries` or `closed`.
   */
  async ask(
    link: RouteLink,
    { ids, timeoutMs }: { readonly ids: number; readonly timeoutMs: number },
    write: (seqNum: number) => void,
  ): Promise<QueryAnswer> {
    const seqNum = this.#freeSeqNum();
    return await new Promise((resolve, reject) => {
      const settle = (outcome: QueryAnswer | RouteClientError): void => {
        this.#pending.delete(seqNum);
        cancelTimeout();
        if (outcome instanceof RouteClientError) reject(outcome);
        else resolve(outcome);
      };
      const cancelTimeout = this.#clock.after(timeoutMs, () => {
        settle(new RouteClientError('query-timed-out', `no answer in ${timeoutMs} ms`));
      });
      this.#pending.set(seqNum, { link, ids, cancelTimeout, settle });
      write(seqNum);
    });
  }

  /** Records an answer; returns false when no query with as many ids waits for it on this link. */
  answer(link: RouteLink, seqNum: number, answer: QueryAnswer): boolean {
    const pending = this.#pending.get(seqNum);
    if (pending?.link !== link || pending.ids !== answer.stats.length) return false;
    pending.settle(answer);
    return true;
  }

  /** Fails the queries of this link, or of all links without a name. */
  fail(code: 'link-lost' | 'closed', link?: RouteLink): void {
    for (const pending of [...this.#pending.values()]) {
      if (link === undefined || pending.link === link) pending.settle(new RouteClientError(code));
    }
  }

  /** 0 is left out: a route server's own PDUs carry it. */
  #freeSeqNum(): number {
    if (this.#pending.size >= MAX_SEQ_NUM) throw new RouteClientError('too-many-queries');
    do {
      this.#lastSeqNum = (this.#lastSeqNum % MAX_SEQ_NUM) + 1;
    } while (this.#pending.has(this.#lastSeqNum));
    return this.#lastSeqNum;
  }
}
