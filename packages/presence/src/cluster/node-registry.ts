import { runScript } from '@route/redis';
import type { PresenceStore } from '../ledger/user-connections.ts';
import type { LinkId } from '../presence.ts';
import { isNodeId, nodesKeys, presenceKeys } from '../redis/keys.ts';
import { SCRIPTS } from '../redis/scripts.ts';
import { pairs } from './lease-reply.ts';
import { type NodeInfo, parseRecords } from './node-info.ts';

/** A node as Redis knows it. */
export interface NodeRegistryEntry {
  readonly node: string;
  /** Until its lease ends, in ms; 0 or less: it has ended; null where there is none, without Redis. */
  readonly leaseLeftMs: number | null;
  /** What it says of itself; undefined where it says nothing, or its software says it otherwise. */
  readonly info: NodeInfo | undefined;
}

/** All nodes that are known in a namespace, by Redis's clock. */
export interface NodeRegistry {
  /** Redis's clock, ms since 1970; null without Redis. */
  readonly nowMs: number | null;
  /** Live ones, and those whose lease has ended not long ago; by id. */
  readonly entries: readonly NodeRegistryEntry[];
  /** Leases and records that no node of this release has written, and that are left out. */
  readonly malformed: number;
}

/**
 * Reads which nodes there are; changes nothing.
 * @throws the client's error when Redis does not answer.
 */
export async function readNodeRegistry({ redis, namespace }: PresenceStore): Promise<NodeRegistry> {
  const { members, info } = nodesKeys(namespace);
  return parseNodeRegistry(await runScript(redis, SCRIPTS.readNodes, [members, info]));
}

/** Reads a reply of read-nodes. What no node can have written is left out. */
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

/**
 * Reads which links Redis holds users of, and in how many shards each; whether or not their nodes live.
 * @throws the client's error when Redis does not answer.
 */
export async function readHeldLinks({
  redis,
  namespace,
}: PresenceStore): Promise<ReadonlyMap<LinkId, number>> {
  const shards = new Map<LinkId, number>();
  await Promise.all(
    presenceKeys(namespace).map(async ({ links }) => {
      for (const link of await redis.smembers(links)) shards.set(link, (shards.get(link) ?? 0) + 1);
    }),
  );
  return shards;
}
