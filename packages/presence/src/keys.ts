import { SHARD_TAGS } from '@route/redis';
import type { LinkId } from './presence.ts';

/** The keys of one shard of presence; all in the slot of the shard's hash tag. */
export interface ShardKeys {
  /** Hash: user id → record of who holds the user. */
  readonly users: string;
  /** Set: the links that hold users of this shard. */
  readonly links: string;
  /** Hash: '@clock' → last version given out; node id → stamp of its last call. */
  readonly meta: string;
  /** Prefix of the sets of users of this shard that each link holds. */
  readonly held: string;
  /** Sorted set: PC user lost with a link → when to tell of it, in ms of Redis's clock. */
  readonly lost: string;
  /** Sorted set: lost user who was told to be offline → version that was told. */
  readonly told: string;
}

/** The keys of all shards in a namespace. */
export function presenceKeys(namespace: string): readonly ShardKeys[] {
  return SHARD_TAGS.map((tag) => {
    const shard = `${namespace}:{${tag}}:`;
    return {
      users: `${shard}users`,
      links: `${shard}links`,
      meta: `${shard}meta`,
      held: `${shard}held:`,
      lost: `${shard}lost`,
      told: `${shard}told`,
    };
  });
}

/** The sorted set of all nodes' leases in a namespace. */
export function leasesKey(namespace: string): string {
  return `${namespace}:{nodes}:leases`;
}

/** The hash of what each live node says of itself, in the leases' slot. */
export function aboutKey(namespace: string): string {
  return `${namespace}:{nodes}:about`;
}

/** The node that a link belongs to, as its id tells. */
export function nodeOf(link: LinkId): string {
  return link.slice(0, link.lastIndexOf('.'));
}
