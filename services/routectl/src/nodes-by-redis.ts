import { readNodeRegistry } from '@route/presence';
import { type ClientOf, type FoundNodes, known } from './nodes.ts';
import type { RedisSession } from './redis-session.ts';

/** Lists all nodes by their records in Redis. */
export async function nodesByRedis(
  { store }: RedisSession,
  clientOf: ClientOf,
): Promise<FoundNodes> {
  const { nowMs, entries } = await readNodeRegistry(store);
  const nodes = entries.map(({ node, leaseLeftMs, info }) =>
    known(
      {
        node,
        self: false,
        alive: leaseLeftMs === null || leaseLeftMs > 0,
        leaseLeftMs,
        info: info ?? null,
      },
      clientOf,
    ),
  );
  return { nodes, redisNowMs: nowMs ?? undefined };
}
