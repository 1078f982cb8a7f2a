import type { RedisClient } from '@route/redis';
import type { LinkId } from '../presence.ts';
import { nodeOf, presenceKeys, type ShardKeys } from '../redis/keys.ts';

/** The presence data of a namespace in Redis, and its contradictions. */
export interface Stored {
  /** User → 'link=entry' of each link, in the links' order. */
  readonly records: Map<number, string[]>;
  readonly contradictions: string[];
  /** Nodes that have a stamp in any shard. */
  readonly stamped: Set<string>;
}

/** Reads the keys directly, without the code under test. */
export async function readStored(redis: RedisClient, namespace: string): Promise<Stored> {
  const stored: Stored = { records: new Map(), contradictions: [], stamped: new Set() };
  const known = new Set<string>();
  for (const keys of presenceKeys(namespace)) {
    for (const key of [keys.users, keys.links, keys.meta]) known.add(key);
    for (const key of await readShard(redis, keys, stored)) known.add(key);
  }
  for (const key of await redis.keys(`${namespace}:*`)) {
    const isOthers = known.has(key) || /\{nodes\}:/.test(key);
    if (!isOthers) stored.contradictions.push(`key ${key} is left over`);
  }
  return stored;
}

async function readShard(redis: RedisClient, keys: ShardKeys, stored: Stored): Promise<string[]> {
  const byLink = new Map<LinkId, string[]>();
  for (const [user, record] of Object.entries(await redis.hgetall(keys.users))) {
    const entries = record.slice(2, -1).split(';');
    stored.records.set(Number(user), entries.sort());
    const letter = entries.some((entry) => /=.*[wm]/.test(entry)) ? 'p' : 'm';
    if (!/^[pm];([^;=]+=([wmia]\d+)+;)+$/.test(record) || record[0] !== letter) {
      stored.contradictions.push(`record of ${user} is '${record}'`);
    }
    for (const entry of entries) {
      const link = entry.slice(0, entry.indexOf('='));
      byLink.set(link, [...(byLink.get(link) ?? []), user]);
    }
  }
  const links = new Set([...(await redis.smembers(keys.links)), ...byLink.keys()]);
  for (const link of links) {
    const held = (await redis.smembers(keys.linkUsers + link)).sort().join();
    const inRecords = (byLink.get(link) ?? []).sort().join();
    const isListed = (await redis.sismember(keys.links, link)) === 1;
    if (held !== inRecords || !isListed) {
      const is = `${isListed ? '' : 'not '}listed, held '${held}'`;
      stored.contradictions.push(`link ${link} is ${is}, in records '${inRecords}'`);
    }
  }
  const stamps = Object.keys(await redis.hgetall(keys.meta));
  for (const node of stamps) if (!node.startsWith('@')) stored.stamped.add(node);
  for (const link of links) {
    if (!stamps.includes(nodeOf(link))) {
      stored.contradictions.push(`link ${link} is held without a stamp of its node`);
    }
  }
  return [...links].map((link) => keys.linkUsers + link);
}
