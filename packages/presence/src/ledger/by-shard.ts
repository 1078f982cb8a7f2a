import type { ClientStatus } from '@route/protocol';
import { SHARD_COUNT, shardOf } from '@route/redis';

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
