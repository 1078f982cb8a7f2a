import slotOf from 'cluster-key-slot';

/**
 * Into how many shards users are spread. Fixed: two nodes that disagree on it would keep two
 * presences. Enough that a Redis Cluster of up to 16 primaries is loaded evenly; few enough that
 * one tick's updates still meet in the same shard and travel together.
 */
export const SHARD_COUNT = 64;

const CLUSTER_SLOTS = 16_384;

/** The shard, 0 to SHARD_COUNT - 1, that a user id (uint32) belongs to. */
export function shardOf(userId: number): number {
  // Fibonacci hashing: ids handed out in steps (all even, all multiples of 64) still spread evenly.
  return Math.imul(userId, 0x9e3779b1) >>> 26;
}

/**
 * One hash tag per shard: the first short name whose slot is in the shard's own 64th of the slots.
 * The shard's number as a tag would concentrate in few slots, and so on few primaries.
 */
export const SHARD_TAGS: readonly string[] = Array.from({ length: SHARD_COUNT }, (_, shard) => {
  const slotsPerShard = CLUSTER_SLOTS / SHARD_COUNT;
  for (let candidate = 0; ; candidate++) {
    const tag = `${shard}.${candidate}`;
    if (Math.floor(slotOf(tag) / slotsPerShard) === shard) return tag;
  }
});
