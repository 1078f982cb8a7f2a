import { setTimeout as delay } from 'node:timers/promises';
import { USER_STATUS } from '@route/protocol';
import type { TestLink } from '../harness/index.ts';

const EVERY_MS = 5;

/**
 * Queries user statuses continuously and records users reported OFFLINE. A query whose link closes
 * before the answer is repeated on the next link.
 */
export class StatusWatch implements AsyncDisposable {
  /** Users reported OFFLINE, each with the number of times. */
  readonly seenOffline = new Map<number, number>();
  readonly #users: readonly number[];
  readonly #link: () => Promise<TestLink>;
  readonly #running: Promise<void>;
  #stopped = false;
  #answers = 0;

  constructor(users: readonly number[], link: () => Promise<TestLink>) {
    this.#users = users;
    this.#link = link;
    this.#running = this.#watch();
  }

  /** Number of queries answered. */
  get answers(): number {
    return this.#answers;
  }

  /** Stops watching. @throws the first failure of a query, such as no answer in time. */
  async stop(): Promise<void> {
    this.#stopped = true;
    await this.#running;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stopped = true;
    await this.#running.catch(() => undefined);
  }

  async #watch(): Promise<void> {
    while (!this.#stopped) {
      const link = await this.#link();
      const answer = link.query(this.#users);
      const stats = await Promise.race([answer, link.closedByServer]);
      if (typeof stats === 'string') {
        answer.catch(() => undefined);
        continue;
      }
      this.#answers++;
      for (const { userId, status } of stats) {
        if (status !== USER_STATUS.offline) continue;
        this.seenOffline.set(userId, (this.seenOffline.get(userId) ?? 0) + 1);
      }
      await delay(EVERY_MS);
    }
  }
}
