import { Cluster, type Redis } from 'ioredis';
import type { RedisClient } from './client.ts';
import { redisProblem } from './problems.ts';
import type { HostPort } from './target.ts';

/** A range of a cluster's slots and the node that has it. */
export interface SlotRange extends HostPort {
  readonly first: number;
  readonly last: number;
  readonly nodeId: string;
}

/** Maps an announced address (`host:port`) to a reachable one; undefined or null: the same. */
type Reach = (announced: string) => HostPort | null | undefined;

const unmapped: Reach = () => undefined;

/** The servers that take writes, each by its own client: one, or all primaries of a cluster. */
export function primariesOf(client: RedisClient): readonly Redis[] {
  return client instanceof Cluster ? client.nodes('master') : [client];
}

/** Reads a cluster's slot ranges from one of its nodes, with reachable addresses. */
export async function readSlotRanges(node: Redis, reach: Reach = unmapped): Promise<SlotRange[]> {
  const reply: unknown = await node.cluster('SLOTS');
  if (!Array.isArray(reply)) {
    throw new Error(`CLUSTER SLOTS replied ${String(reply)}, expected a list`);
  }
  return reply.map((range: unknown): SlotRange => {
    const [first, last, primary]: unknown[] = Array.isArray(range) ? range : [];
    const [host, port, nodeId]: unknown[] = Array.isArray(primary) ? primary : [];
    // A node that does not know its own address yet omits it: it is the one that was queried.
    const known = typeof host === 'string' && host !== '' ? host : (node.options.host ?? '');
    return {
      first: Number(first),
      last: Number(last),
      ...(reach(`${known}:${Number(port)}`) ?? { host: known, port: Number(port) }),
      nodeId: String(nodeId),
    };
  });
}

/**
 * Returns the current primaries as a text to compare: a change means that another server has taken
 * over, and that the last writes may be lost, since replication is asynchronous.
 * @throws Error when a single server has become a replica, some of a cluster's slots have no
 * primary, or
 * a primary does not answer.
 */
export async function readPrimaries(client: RedisClient): Promise<string> {
  if (!(client instanceof Cluster)) return await readRunId(client);
  const nodes = client.nodes('master');
  const [any] = nodes;
  if (any === undefined) throw new Error('no node of the Redis Cluster is connected');
  const { natMap } = client.options;
  const reach = typeof natMap === 'function' ? natMap : unmapped;
  const ranges = (await readSlotRanges(any, reach)).sort((a, b) => a.first - b.first);
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

/** The id that a server has from its start to its end; '' where it may not be read. */
async function readRunId(server: Redis): Promise<string> {
  const info = await server.info('server', 'replication').catch((error: unknown) => {
    if (redisProblem(error).code !== 'NOPERM') throw error;
    return '';
  });
  const field = (name: string): string | undefined =>
    new RegExp(`^${name}:(.*?)\\r?$`, 'm').exec(info)?.[1];
  if (field('role') === 'slave') {
    const primary = `${field('master_host')}:${field('master_port')}`;
    throw new Error(`READONLY the server has become a replica of ${primary}`);
  }
  return field('run_id') ?? '';
}

/** How many slots every cluster has. */
export const CLUSTER_SLOTS = 16_384;

/** Calls back when a server is no longer in use. @returns a function that stops it. */
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
