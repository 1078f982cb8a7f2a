import { shardOf } from '@route/redis';
import type { UserConnection, UserConnections } from '../presence.ts';
import { type PresenceStore, presenceKeys } from '../redis/keys.ts';
import { parseClientCounts } from './client-counts.ts';

/** Reads the links and clients of users, in the order of `userIds`. COST: one HMGET per shard. */
export async function readUserConnections(
  { redis, namespace }: PresenceStore,
  userIds: readonly number[],
): Promise<UserConnections[]> {
  const keys = presenceKeys(namespace);
  const byShard = Map.groupBy(new Set(userIds), shardOf);
  const records = new Map<number, string | null | undefined>();
  await Promise.all(
    [...byShard].map(async ([shard, users]) => {
      const key = keys[shard]?.users;
      if (key === undefined) return;
      const found = await redis.hmget(key, ...users.map(String));
      for (const [index, userId] of users.entries()) records.set(userId, found[index]);
    }),
  );
  return userIds.map((userId) => parseRecord(userId, records.get(userId)));
}

/** An entry of a record: a link and its clients. Nodes write no other text. */
const ENTRY = /(\w+\.\w+)=((?:[a-z](?:\[[0-9a-f]{1,4}\])?\d{1,9})+);/g;

/**
 * Parses a user's record: its state ('p' with a PC client, 'm' without), then ';', then
 * 'link=entry;' for each link. Invalid entries are skipped.
 */
export function parseRecord(userId: number, record: string | null | undefined): UserConnections {
  if (record === undefined || record === null) return { userId, state: 'gone', connections: [] };
  const connections: UserConnection[] = [];
  for (const [, link = '', entry = ''] of record.matchAll(ENTRY)) {
    connections.push({ link, clients: parseClientCounts(entry), away: undefined });
  }
  const state = record.startsWith('p') ? 'pc' : 'mobile-only';
  return { userId, state: connections.length === 0 ? 'gone' : state, connections };
}
