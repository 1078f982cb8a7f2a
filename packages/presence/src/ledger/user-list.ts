import type { ClientStatus } from '@route/protocol';
import { SHARD_COUNT, shardOf } from '@route/redis';

const LEAST_ROOM = 64;

/**
 * User ids (uint32) in one array outside of V8's heap: the garbage collector would have to move
 * each of a million ids, and each of the small arrays in which they arrive.
 */
export class UserList {
  #ids: Uint32Array;
  #length: number;

  constructor(ids: Uint32Array = new Uint32Array(0)) {
    this.#ids = ids;
    this.#length = ids.length;
  }

  get length(): number {
    return this.#length;
  }

  /** The i-th id, or 0. */
  at(i: number): number {
    return i < this.#length ? (this.#ids[i] ?? 0) : 0;
  }

  push(ids: Uint32Array): void {
    const length = this.#length + ids.length;
    if (length > this.#ids.length) {
      const grown = new Uint32Array(Math.max(LEAST_ROOM, length, 2 * this.#ids.length));
      grown.set(this.#ids.subarray(0, this.#length));
      this.#ids = grown;
    }
    this.#ids.set(ids, this.#length);
    this.#length = length;
  }
}

/** Yields the users of each shard that has any of the clients. */
export function* byShard(
  clients: readonly ClientStatus[],
): Generator<{ readonly shard: number; readonly userIds: Uint32Array }> {
  const starts = new Uint32Array(SHARD_COUNT + 1);
  for (const { userId } of clients) bump(starts, shardOf(userId) + 1);
  for (let shard = 0; shard < SHARD_COUNT; shard++) bump(starts, shard + 1, starts[shard]);
  const next = starts.slice();
  const userIds = new Uint32Array(clients.length);
  for (const { userId } of clients) userIds[bump(next, shardOf(userId))] = userId;
  for (let shard = 0; shard < SHARD_COUNT; shard++) {
    const ofShard = userIds.subarray(starts[shard], starts[shard + 1]);
    if (ofShard.length > 0) yield { shard, userIds: ofShard };
  }
}

/** Adds to a number of a list and returns the old value. */
function bump(numbers: Uint32Array, at: number, by = 1): number {
  const before = numbers[at] ?? 0;
  numbers[at] = before + by;
  return before;
}
