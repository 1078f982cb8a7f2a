import { setTimeout as delay } from 'node:timers/promises';
import { openTrafficLink, type Target, type TrafficLink } from './traffic-link.ts';

const EVERY_MS = 50;

/** Asks a node again and again for users who are online throughout. */
export class Watcher implements AsyncDisposable {
  /** Who was called offline though online all the time; and when first, as time of day. */
  readonly sightings = new Map<number, string>();
  /** How often all were asked for and answered. */
  rounds = 0;
  readonly #link: TrafficLink;
  readonly #running: Promise<void>;

  private constructor(link: TrafficLink, userIds: readonly number[]) {
    this.#link = link;
    this.#running = this.#watch(userIds);
  }

  /** How many were called offline, and the first of them; undefined when nobody was. */
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
