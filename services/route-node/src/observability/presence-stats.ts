import { setImmediate as turn } from 'node:timers/promises';
import { addStats, EMPTY_STATS, type Presence, type PresenceStats } from '@route/presence';
import { SHARD_COUNT } from '@route/redis';

/** Requests within this time get the same answer. */
const KEEP_MS = 5000;

/** A count of all users of the node's links, with its time (ms since 1970). */
interface Count {
  readonly stats: PresenceStats;
  readonly countedAtMs: number;
}

/** Counts the users of the node's links: rarely, and in short slices. */
export class CachedStats {
  readonly #presence: Pick<Presence, 'stats'>;
  #count: Promise<Count> | undefined;
  #staleAtMs = 0;

  constructor(presence: Pick<Presence, 'stats'>) {
    this.#presence = presence;
  }

  /** The count, made now or a few seconds ago. */
  async read(): Promise<Count> {
    if (this.#count === undefined || performance.now() >= this.#staleAtMs) {
      this.#staleAtMs = Number.POSITIVE_INFINITY;
      this.#count = this.#make();
    }
    return await this.#count;
  }

  async #make(): Promise<Count> {
    let stats = EMPTY_STATS;
    try {
      for (let shard = 0; shard < SHARD_COUNT; shard++) {
        stats = addStats(stats, this.#presence.stats(shard));
        // Relaying continues between two shards.
        await turn();
      }
    } finally {
      this.#staleAtMs = performance.now() + KEEP_MS;
    }
    return { stats, countedAtMs: Date.now() };
  }
}
