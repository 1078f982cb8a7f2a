import { SHARD_TAGS } from '@route/redis';
import type { LinkId } from '../presence.ts';

/**
 * The layout of what stands in Redis. Nodes of different schemas have no shard key in common, and do not run in
 * one namespace at the same time: see {@link NodesKeys.cluster}.
 */
export const SCHEMA = 3;

/** The keys of one shard of presence; all in the slot of the shard's hash tag. */
export interface ShardKeys {
  /** Hash: user id → record of the links that hold the user. */
  readonly users: string;
  /** Set: the links that hold users of this shard. */
  readonly links: string;
  /** Hash: '@clock' → last version given out; '@grace', '@at': the grace clock; node id → stamp of its last call. */
  readonly meta: string;
  /** Prefix of the sets of users of this shard that each link holds. */
  readonly held: string;
  /** Sorted set: PC user lost with a link → when to announce it, in ms of the shard's grace clock. */
  readonly pending: string;
  /** Sorted set: lost user who was announced offline → version of the announcement. */
  readonly announcedOffline: string;
}

/** The keys of all shards in a namespace. */
export function presenceKeys(namespace: string): readonly ShardKeys[] {
  return SHARD_TAGS.map((tag) => {
    const shard = `${namespace}:${SCHEMA}:{${tag}}:`;
    return {
      users: `${shard}users`,
      links: `${shard}links`,
      meta: `${shard}meta`,
      held: `${shard}held:`,
      pending: `${shard}pending`,
      announcedOffline: `${shard}announced`,
    };
  });
}

/** The keys with which nodes find each other; all in one slot, and the same in every schema from 2 on. */
export interface NodesKeys {
  /** Sorted set: node id → end of its lease. */
  readonly members: string;
  /** Hash: node id → what the node publishes about itself. */
  readonly info: string;
  /** Hash: node id → the epoch up to which the node has asserted its links. */
  readonly asserted: string;
  /** Hash: 'schema', 'shards' → what the nodes of this namespace agree on; 'epoch', 'version' → the highest so far. */
  readonly cluster: string;
  /** Sorted set: the leases of nodes of release 0.1.0, which is read only. */
  readonly oldLeases: string;
}

export function nodesKeys(namespace: string): NodesKeys {
  const nodes = `${namespace}:{nodes}:`;
  return {
    members: `${nodes}members`,
    info: `${nodes}info`,
    asserted: `${nodes}asserted`,
    cluster: `${nodes}cluster`,
    oldLeases: `${nodes}leases`,
  };
}

/** The node that a link belongs to, as its id tells; '' where it tells none. */
export function nodeOf(link: LinkId): string {
  return link.slice(0, Math.max(0, link.lastIndexOf('.')));
}

/** Whether a text can be the id of a node; whatever else stands in Redis as one was not written by a node. */
export function isNodeId(text: string): boolean {
  return /^[A-Za-z0-9]{1,64}$/.test(text);
}
