import { setTimeout as delay } from 'node:timers/promises';
import { openTrafficLink, type Target, type TrafficLink } from './traffic-link.ts';

const EVERY_MS = 50;

/** Queries a node repeatedly for users that are online throughout. */
export class Watcher implements AsyncDisposable {
  /**
   * Users reported offline although online throughout, with the time of day of the first report.
   */
  readonly sightings = new Map<number, string>();
  /** Number of queries for all users that were answered. */
  rounds = 0;
  readonly #link: TrafficLink;
  readonly #running: Promise<void>;

  private constructor(link: TrafficLink, userIds: readonly number[]) {
    this.#link = link;
    this.#running = this.#watch(userIds);
  }

  /** How many users were reported offline, and the first; undefined without any. */
  get firstSighting(): string | undefined {
    const [first] = this.sightings;
    if (first === undefined) return undefined;
    const [userId, time] = first;
    return `${this.sightings.size} users were called offline, the first one ${userId} at ${time}`;
  }

  static async on(target: Target, userIds: readonly number[]): Promise<Watcher> {
    return new Watcher(await openTrafficLink(target, { timeoutMs: 60_000 }), userIds);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#link[Symbol.asyncDispose]();
    await this.#running;
  }

  async #watch(userIds: readonly number[]): Promise<void> {
    for (;;) {
      const online = await this.#link.query(userIds);
      if (online === undefined) return;
      this.rounds++;
      userIds.forEach((userId, i) => {
        if (online[i] === 1 || this.sightings.has(userId)) return;
        this.sightings.set(userId, new Date().toISOString());
      });
      await delay(EVERY_MS);
    }
  }
}
