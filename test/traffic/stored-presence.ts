import { presenceKeys } from '@route/presence';
import {
  createRedisClient,
  primariesOf,
  type Redis,
  type RedisClient,
  type RedisTarget,
} from '@route/redis';
import type { Differences, Look } from './exactness.ts';
import type { Model } from './model.ts';

const SCAN_COUNT = 1000;

/**
 * Compares the contents of Redis with the model, in every detail that docs/architecture.md gives of
 * the keys. It finds errors that no query would show, such as a stale record or a leftover set.
 */
export function lookIntoRedis(model: Model, target: RedisTarget, namespace: string): Look {
  return async () => {
    const redis = createRedisClient({
      target,
      commandTimeoutMs: 2_000,
      connectTimeoutMs: 2_000,
      connectionName: 'presence-check',
    });
    redis.on('error', () => {});
    try {
      await redis.connect();
      return await readPresence(redis, namespace, model);
    } catch (error) {
      return [`Redis cannot be read: ${String(error)}`];
    } finally {
      redis.disconnect();
    }
  };
}

async function readPresence(
  redis: RedisClient,
  namespace: string,
  model: Model,
): Promise<Differences> {
  const differences: string[] = [];
  const stored = new Map<number, readonly string[]>();
  const holding = new Set<string>();
  const listed = new Map<string, string>();
  const keys = new Set(await scan(redis, `${namespace}:*`));
  for (const name of ['members', 'info', 'asserted', 'cluster']) {
    keys.delete(`${namespace}:{nodes}:${name}`);
  }
  for (const shard of presenceKeys(namespace)) {
    const usersByLink = new Map<string, Set<string>>();
    for (const [user, record] of Object.entries(await redis.hgetall(shard.users))) {
      const entries = record.split(';').slice(1, -1).map(splitEntry);
      stored.set(Number(user), entries.map(({ holding }) => holding).sort());
      const isPc = entries.some(({ holding }) => /[wm]/.test(holding));
      if (record.startsWith('p') !== isPc) differences.push(`the record of ${user}: ${record}`);
      for (const { link } of entries) {
        usersByLink.set(link, (usersByLink.get(link) ?? new Set()).add(user));
      }
    }
    const links = await redis.smembers(shard.links);
    for (const link of links) listed.set(link, shard.links);
    for (const link of usersByLink.keys()) {
      holding.add(link);
      if (!links.includes(link)) differences.push(`${shard.links} lacks ${link}`);
    }
    for (const [link, users] of usersByLink) {
      const key = shard.linkUsers + link;
      differences.push(...unlike(key, new Set(await redis.smembers(key)), users));
      keys.delete(key);
    }
    // A lost link's users are remembered for the grace time, whether back or not.
    for (const key of Object.values(shard)) keys.delete(key);
  }
  // A link may stay on the list of a shard after its last user there, but not after its end.
  for (const [link, key] of listed) {
    if (!holding.has(link)) differences.push(`${key} contains ${link}, which has no users`);
  }
  for (const key of keys) differences.push(`unexpected key ${key}`);
  for (const userId of new Set([...model.userIds, ...stored.keys()])) {
    const is = model.holdingsOf(userId).join(' ');
    const said = (stored.get(userId) ?? []).join(' ');
    if (said !== is) differences.push(`Redis has '${said}' for user ${userId}, expected '${is}'`);
  }
  return differences;
}

function splitEntry(entry: string): { link: string; holding: string } {
  const [link = '', holding = ''] = entry.split('=');
  return { link, holding };
}

function unlike(key: string, has: ReadonlySet<string>, should: ReadonlySet<string>): string[] {
  const extra = [...has].filter((member) => !should.has(member));
  const lacking = [...should].filter((member) => !has.has(member));
  return [
    ...extra.map((member) => `${key} has ${member} too much`),
    ...lacking.map((member) => `${key} lacks ${member}`),
  ];
}

async function scan(client: RedisClient, pattern: string): Promise<string[]> {
  const found = await Promise.all(primariesOf(client).map((server) => scanServer(server, pattern)));
  return found.flat();
}

async function scanServer(redis: Redis, pattern: string): Promise<string[]> {
  const found: string[] = [];
  let cursor = '0';
  do {
    const [next, keys] = await redis.scan(cursor, 'MATCH', pattern, 'COUNT', SCAN_COUNT);
    found.push(...keys);
    cursor = next;
  } while (cursor !== '0');
  return found;
}
