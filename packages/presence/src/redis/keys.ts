import { SHARD_TAGS } from '@route/redis';
import type { LinkId } from '../presence.ts';

/**
 * The version of the layout in Redis. Nodes of different schemas have no shard key in common and do
 * not run in one namespace at the same time: see {@link NodesKeys.cluster}.
 */
export const SCHEMA = 3;

/** The keys of one shard of presence, all in the slot of the shard's hash tag. */
export interface ShardKeys {
  /** Hash: user id → record of the links with clients of the user. */
  readonly users: string;
  /** Set: the links with users in this shard. */
  readonly links: string;
  /**
   * Hash: '@clock' → last version used; '@grace', '@at': the grace clock; node id → stamp of its
   * last call.
   */
  readonly meta: string;
  /** Prefix of the keys of the links' sets of users in this shard. */
  readonly held: string;
  /**
   * Sorted set: user whose offline announcement is pending → when to announce, in ms of the shard's
   * grace clock.
   */
  readonly pending: string;
  /** Sorted set: user announced offline after the grace → version of the announcement. */
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

/** The keys of the node registry. All are in one slot, and the same in every schema from 2 on. */
export interface NodesKeys {
  /** Sorted set: node id → end of its lease. */
  readonly members: string;
  /** Hash: node id → the info that the node publishes. */
  readonly info: string;
  /** Hash: node id → the epoch up to which the node has asserted its links. */
  readonly asserted: string;
  /**
   * Hash: 'schema', 'shards' → the values that the nodes of this namespace agree on; 'epoch',
   * 'version' → the highest so far.
   */
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

/** Returns the id of the node of a link, or '' if the link id contains none. */
export function nodeOf(link: LinkId): string {
  return link.slice(0, Math.max(0, link.lastIndexOf('.')));
}

/** Whether a text can be a node id. Anything else in Redis was not written by a node. */
export function isNodeId(text: string): boolean {
  return /^[A-Za-z0-9]{1,64}$/.test(text);
}
