import { Cluster, type Redis } from 'ioredis';
import type { RedisClient } from './client.ts';
import type { HostPort } from './target.ts';

/** A range of a cluster's slots and the node that has it. */
export interface SlotRange extends HostPort {
  readonly first: number;
  readonly last: number;
  readonly nodeId: string;
}

/** The servers that take writes, each by its own client: one, or all primaries of a cluster. */
export function primariesOf(client: RedisClient): readonly Redis[] {
  return client instanceof Cluster ? client.nodes('master') : [client];
}

/** Reads a cluster's slot ranges from one of its nodes. */
export async function readSlotRanges(node: Redis): Promise<SlotRange[]> {
  const reply: unknown = await node.cluster('SLOTS');
  if (!Array.isArray(reply)) {
    throw new Error(`CLUSTER SLOTS replied ${String(reply)}, expected a list`);
  }
  return reply.map((range: unknown): SlotRange => {
    const [first, last, primary]: unknown[] = Array.isArray(range) ? range : [];
    const [host, port, nodeId]: unknown[] = Array.isArray(primary) ? primary : [];
    return {
      first: Number(first),
      last: Number(last),
      // A node that does not know its own address yet leaves it out: it is the one that was asked.
      host: typeof host === 'string' && host !== '' ? host : (node.options.host ?? ''),
      port: Number(port),
      nodeId: String(nodeId),
    };
  });
}

/**
 * Which servers hold the data now, as a text to be compared with the next one: where it has changed,
 * another server has taken over, and with it the last that was written may be lost. Replication does
 * not wait. Of a single server it says nothing: another one cannot take over but over a new connection.
 * @throws Error when some of a cluster's slots have no primary, or a primary does not answer.
 */
export async function readPrimaries(client: RedisClient): Promise<string> {
  if (!(client instanceof Cluster)) return '';
  const nodes = client.nodes('master');
  const [any] = nodes;
  if (any === undefined) throw new Error('no node of the Redis Cluster is connected');
  const ranges = (await readSlotRanges(any)).sort((a, b) => a.first - b.first);
  let next = 0;
  for (const { first, last } of ranges) {
    if (first !== next) break;
    next = last + 1;
  }
  if (next !== CLUSTER_SLOTS) throw new Error(`slot ${next} of the Redis Cluster has no primary`);
  const addresses = new Set(ranges.map(({ host, port }) => `${host}:${port}`));
  await Promise.all(
    [...addresses].map(async (address) => {
      const node = nodes.find(({ options: { host, port } }) => `${host}:${port}` === address);
      if (node === undefined) throw new Error(`primary ${address} is not connected`);
      await node.ping();
    }),
  );
  return ranges.map(({ first, last, nodeId }) => `${first}-${last} ${nodeId}`).join(', ');
}

/** How many slots every cluster has. */
export const CLUSTER_SLOTS = 16_384;

/** Calls back when a server that was in use is in use no longer. @returns what ends it. */
export function onServerGone(client: RedisClient, gone: () => void): () => void {
  if (client instanceof Cluster) {
    client.on('close', gone);
    client.on('-node', gone);
    return () => {
      client.off('close', gone);
      client.off('-node', gone);
    };
  }
  client.on('close', gone);
  return () => {
    client.off('close', gone);
  };
}
