import { type RedisClient, shardOf } from '@route/redis';
import type { UserConnection, UserConnections } from '../presence.ts';
import { presenceKeys } from '../redis/keys.ts';
import { parseClientCounts } from './client-counts.ts';

/** Where presence is kept. */
export interface PresenceStore {
  readonly redis: RedisClient;
  readonly namespace: string;
}

/**
 * Reads from Redis where users are, in the order asked. COST: one HMGET a shard concerned.
 * @throws the client's error when Redis does not answer.
 */
export async function readUserConnections(
  { redis, namespace }: PresenceStore,
  userIds: readonly number[],
): Promise<UserConnections[]> {
  const keys = presenceKeys(namespace);
  const byShard = Map.groupBy(new Set(userIds), shardOf);
  const records = new Map<number, string>();
  await Promise.all(
    [...byShard].map(async ([shard, users]) => {
      const key = keys[shard]?.users;
      if (key === undefined) return;
      const found = await redis.hmget(key, ...users.map(String));
      for (const [index, userId] of users.entries()) {
        const record = found[index];
        if (record !== null && record !== undefined) records.set(userId, record);
      }
    }),
  );
  return userIds.map((userId) => parseRecord(userId, records.get(userId)));
}

/** One entry of a record: a link and what it holds. What does not look like one was not written by a node. */
const ENTRY = /(\w+\.\w+)=((?:[a-z](?:\[[0-9a-f]{1,4}\])?\d{1,9})+);/g;

/**
 * Reads a user's record: its state ('p' with a PC client, 'm' without), then ';', then 'link=holding;' for each link.
 * What is no entry is left out.
 */
export function parseRecord(userId: number, record: string | undefined): UserConnections {
  if (record === undefined) return { userId, state: 'gone', connections: [] };
  const connections: UserConnection[] = [];
  for (const [, link = '', holding = ''] of record.matchAll(ENTRY)) {
    connections.push({ link, clients: parseClientCounts(holding), away: undefined });
  }
  const state = record.startsWith('p') ? 'pc' : 'mobile-only';
  return { userId, state: connections.length === 0 ? 'gone' : state, connections };
}
