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

/** A range of slots, and the id of the primary that has it. A single server has all of them. */
export type PrimaryRange = Pick<SlotRange, 'first' | 'last' | 'nodeId'>;

/**
 * Reads the current primaries, which {@link hasTakenOver} compares.
 * @throws Error when a single server has become a replica, some of a cluster's slots have no
 * primary, or a primary does not answer.
 */
export async function readPrimaries(client: RedisClient): Promise<readonly PrimaryRange[]> {
  if (!(client instanceof Cluster)) {
    return [{ first: 0, last: CLUSTER_SLOTS - 1, nodeId: await readRunId(client) }];
  }
  const [any] = client.nodes('master');
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
  const nodes = await connectedPrimaries(client, addresses);
  await Promise.all(nodes.map((node) => node.ping()));
  return ranges;
}

/**
 * Whether a server may have taken over without all the data of the one before: replication is
 * asynchronous, so a replica that is promoted may lack the last writes. It gets all slots of its
 * primary at once. A slot whose former owner has kept others, or whose new owner was a primary
 * already, has been moved with its keys.
 */
export function hasTakenOver(
  before: readonly PrimaryRange[],
  after: readonly PrimaryRange[],
): boolean {
  const former = new Set(before.map(({ nodeId }) => nodeId));
  const keeps = (id: string): boolean =>
    before.some((a) => a.nodeId === id && after.some((b) => b.nodeId === id && overlaps(a, b)));
  const left = new Set([...former].filter((id) => !keeps(id)));
  const lost = before.filter(({ nodeId }) => left.has(nodeId));
  return after.some((to) => !former.has(to.nodeId) && lost.some((from) => overlaps(from, to)));
}

function overlaps(a: PrimaryRange, b: PrimaryRange): boolean {
  return a.first <= b.last && b.first <= a.last;
}

/** The clients of the primaries with these addresses. */
async function connectedPrimaries(
  client: Cluster,
  addresses: ReadonlySet<string>,
): Promise<readonly Redis[]> {
  for (let attempt = 0; ; attempt++) {
    const nodes = new Map(client.nodes('master').map((node) => [addressOf(node), node]));
    const found = [...addresses].flatMap((address) => nodes.get(address) ?? []);
    if (found.length === addresses.size) return found;
    const missing = [...addresses].find((address) => !nodes.has(address));
    if (attempt === REFRESHES) throw new Error(`primary ${missing} is not connected`);
    // A primary that has just got its first slot, or was promoted. Failures are raised as events.
    await new Promise<void>((resolve) => client.refreshSlotsCache(() => resolve()));
  }
}

function addressOf({ options: { host, port } }: Redis): string {
  return `${host}:${port}`;
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

/** How often the slots are read again to find a primary: each time from any node. */
const REFRESHES = 3;

/**
 * Calls back when the connection to a server has ended. The node of a cluster that has no slots any
 * more, and so no data, does not count. @returns a function that stops it.
 */
export function onServerGone(client: RedisClient, gone: () => void): () => void {
  const nodeGone = (node: Redis): void => {
    if (!(client instanceof Cluster)) return;
    const address = addressOf(node);
    if (client.slots.some(([owner]) => owner === address)) gone();
  };
  client.on('close', gone);
  client.on('-node', nodeGone);
  return () => {
    client.off('close', gone);
    client.off('-node', nodeGone);
  };
}
