import { setTimeout as delay } from 'node:timers/promises';
import { USER_STATUS } from '@route/protocol';
import type { TestLink } from '../harness/index.ts';

const EVERY_MS = 5;

/**
 * Asks all the time how users are, and remembers who was reported OFFLINE. A query whose link is
 * closed before the answer is asked again on the next link.
 */
export class StatusWatch implements AsyncDisposable {
  /** Users who were reported OFFLINE, each with the number of times. */
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

  /** How many queries have been answered. */
  get answers(): number {
    return this.#answers;
  }

  /** Ends watching. @throws what a query has met, such as no answer in time. */
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
