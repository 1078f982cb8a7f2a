import { type RedisClient, SHARD_TAGS } from '@route/redis';
import type { LinkId } from '../presence.ts';

/** The Redis namespace that contains presence. */
export interface PresenceStore {
  readonly redis: RedisClient;
  readonly namespace: string;
}

/**
 * The version of the layout in Redis. Nodes of different schemas have no shard key in common and do
 * not run in one namespace together: see {@link nodesKeys}.
 */
export const SCHEMA = 3;

/** The keys of one shard of presence, all in the slot of the shard's hash tag. */
export type ShardKeys = ReturnType<typeof shardKeys>;

export function presenceKeys(namespace: string): readonly ShardKeys[] {
  return SHARD_TAGS.map((tag) => shardKeys(`${namespace}:${SCHEMA}:{${tag}}:`));
}

function shardKeys(shard: string) {
  return {
    /** Hash: user id → record of the links with clients of the user. */
    users: `${shard}users`,
    /** Set: the links with users in this shard. */
    links: `${shard}links`,
    /** Hash: '@clock' → last version; '@grace', '@at': the grace clock; node id → last stamp. */
    meta: `${shard}meta`,
    /** Prefix of the keys of the links' sets of users in this shard. */
    linkUsers: `${shard}link-users:`,
    /** Sorted set: user → when to announce the user offline, in ms of the shard's grace clock. */
    pending: `${shard}pending`,
    /** Sorted set: user announced offline after the grace → version of the announcement. */
    announcedOffline: `${shard}announced`,
  } as const;
}

/** The keys of the node registry. All are in one slot, and the same in every schema from 2 on. */
export function nodesKeys(namespace: string) {
  const nodes = `${namespace}:{nodes}:`;
  return {
    /** Sorted set: node id → end of its lease. */
    members: `${nodes}members`,
    /** Hash: node id → the info that the node publishes. */
    info: `${nodes}info`,
    /** Hash: node id → the epoch up to which the node has asserted its links. */
    asserted: `${nodes}asserted`,
    /** Hash: 'schema', 'shards': agreed by all nodes; 'epoch', 'version' → the highest so far. */
    cluster: `${nodes}cluster`,
    /** Sorted set: the leases of nodes of release 0.1.0, which is read only. */
    oldLeases: `${nodes}leases`,
  } as const;
}

/** Returns the id of the node of a link, or '' if the link id contains none. */
export function nodeOf(link: LinkId): string {
  return link.slice(0, Math.max(0, link.lastIndexOf('.')));
}

/** Whether a text can be a node id. Anything else in Redis was not written by a node. */
export function isNodeId(text: string): boolean {
  return /^[A-Za-z0-9]{1,64}$/.test(text);
}
