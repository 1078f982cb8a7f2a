import { runScript } from '@route/redis';
import type { LinkId } from '../presence.ts';
import { isNodeId, nodesKeys, type PresenceStore, presenceKeys } from '../redis/keys.ts';
import { pairs } from '../redis/replies.ts';
import { SCRIPTS } from '../redis/scripts.ts';
import { type NodeInfo, parseRecords } from './node-info.ts';

export interface NodeRegistryEntry {
  readonly node: string;
  /** Milliseconds until its lease ends. 0 or less: it has ended. Null without Redis. */
  readonly leaseLeftMs: number | null;
  /** The info that it publishes. Undefined if it publishes none, or in another format. */
  readonly info: NodeInfo | undefined;
}

/** All known nodes of a namespace, by Redis's clock. */
export interface NodeRegistry {
  /** Redis's clock, ms since 1970; null without Redis. */
  readonly nowMs: number | null;
  /** Live nodes, and nodes whose lease has ended recently, sorted by id. */
  readonly entries: readonly NodeRegistryEntry[];
  /** Leases and records that are skipped because no node of this release has written them. */
  readonly malformed: number;
}

/** Reads the node registry. Throws the client's error when Redis does not answer. */
export async function readNodeRegistry({ redis, namespace }: PresenceStore): Promise<NodeRegistry> {
  const { members, info } = nodesKeys(namespace);
  return parseNodeRegistry(await runScript(redis, SCRIPTS.readNodes, [members, info]));
}

/** Parses a reply of read-nodes. Items that no node can have written are skipped. */
export function parseNodeRegistry(reply: unknown): NodeRegistry {
  const [now, leases, abouts]: unknown[] = Array.isArray(reply) ? reply : [];
  const nowMs = Number(now);
  if (!Number.isFinite(nowMs))
    throw new Error(`read-nodes replied ${String(now)}, expected a time`);
  const { nodes, malformed } = parseRecords(pairs(abouts));
  const all = pairs(leases);
  const entries = all
    .filter(([node, end]) => isNodeId(node) && Number.isFinite(Number(end)))
    .map(([node, end]): NodeRegistryEntry => {
      return { node, leaseLeftMs: Math.abs(Number(end)) - nowMs, info: nodes.get(node) };
    });
  return {
    nowMs,
    entries: entries.sort((a, b) => (a.node < b.node ? -1 : 1)),
    malformed: malformed + all.length - entries.length,
  };
}

/** Reads the links, of live and dead nodes, that have users, and in how many shards each. */
export async function readHeldLinks(store: PresenceStore): Promise<ReadonlyMap<LinkId, number>> {
  const keys = presenceKeys(store.namespace);
  const linksOf = await Promise.all(keys.map(({ links }) => store.redis.smembers(links)));
  const shards = new Map<LinkId, number>();
  for (const link of linksOf.flat()) shards.set(link, (shards.get(link) ?? 0) + 1);
  return shards;
}
