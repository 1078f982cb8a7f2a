import { setImmediate as turn } from 'node:timers/promises';
import { addTallies, EMPTY_TALLY, type Presence, type Tally } from '@route/presence';
import { SHARD_COUNT } from '@route/redis';

/** Requests within this time get the same answer. */
const KEEP_MS = 5000;

/** A count of all users of the node's links, with its time (ms since 1970). */
export interface Count {
  readonly tally: Tally;
  readonly countedAtMs: number;
}

/** Counts the users of the node's links: rarely, and in short slices. */
export class Totals {
  readonly #presence: Pick<Presence, 'tally'>;
  #count: Promise<Count> | undefined;
  #staleAtMs = 0;

  constructor(presence: Pick<Presence, 'tally'>) {
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
    let tally = EMPTY_TALLY;
    try {
      for (let shard = 0; shard < SHARD_COUNT; shard++) {
        tally = addTallies(tally, this.#presence.tally(shard));
        // Relaying continues between two shards.
        await turn();
      }
    } finally {
      this.#staleAtMs = performance.now() + KEEP_MS;
    }
    return { tally, countedAtMs: Date.now() };
  }
}
