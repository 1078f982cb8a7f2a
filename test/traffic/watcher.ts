import { setTimeout as delay } from 'node:timers/promises';
import { openTrafficLink, type Target, type TrafficLink } from './traffic-link.ts';

const EVERY_MS = 50;

/** A user whom a node called offline though he was online all the time. */
export interface Sighting {
  readonly userId: number;
  readonly atMs: number;
}

/** Asks a node again and again for users who are online throughout. */
export class Watcher implements AsyncDisposable {
  /** Every user's first false word. */
  readonly sightings: Sighting[] = [];
  /** How often all were asked for and answered. */
  rounds = 0;
  readonly #link: TrafficLink;
  readonly #running: Promise<void>;
  readonly #seen = new Set<number>();

  private constructor(link: TrafficLink, userIds: readonly number[]) {
    this.#link = link;
    this.#running = this.#watch(userIds);
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
        if (online[i] === 1 || this.#seen.has(userId)) return;
        this.#seen.add(userId);
        this.sightings.push({ userId, atMs: performance.now() });
      });
      await delay(EVERY_MS);
    }
  }
}
