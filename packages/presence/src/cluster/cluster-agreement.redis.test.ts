import { sharedRedisUrl, uniqueNamespace, waitFor } from '@route/fixtures';
import { expect, test } from 'vitest';
import { nodesKeys } from '../redis/keys.ts';
import { connect, startLiveNode, startNode } from '../testing/node.ts';

const NODES = { url: sharedRedisUrl(), leaseMs: 1_000 };

async function dump(namespace: string): Promise<unknown> {
  const redis = await connect(sharedRedisUrl());
  const { members, info, asserted, cluster, oldLeases } = nodesKeys(namespace);
  const found = [
    await redis.zrange(members, 0, '-1', 'WITHSCORES'),
    await redis.hkeys(info),
    await redis.hgetall(asserted),
    await redis.hgetall(cluster),
    await redis.zrange(oldLeases, 0, '-1'),
  ];
  redis.disconnect();
  return found;
}

test.each([
  { schema: '2', shards: '64' },
  { schema: '3', shards: '128' },
])(
  'a node that finds $schema and $shards takes no lease, says so and writes nothing, until those nodes are gone',
  async (theirs) => {
    const namespace = uniqueNamespace();
    const redis = await connect(sharedRedisUrl());
    const { members, cluster } = nodesKeys(namespace);
    await redis.hset(cluster, theirs);
    let end = 1;
    const renews = setInterval(() => void redis.zadd(members, ++end, 'other'), 100);
    await redis.zadd(members, end, 'other');
    await using node = await startNode({ ...NODES, namespace });
    node.lease.start();
    await waitFor(() => node.leaseEvents.length > 0, { what: 'the refusal' });
    expect(node.leaseEvents).toEqual([
      `nodes in this namespace (other) use schema ${theirs.schema} and ${theirs.shards} shards, expected schema 3 and 64 shards`,
    ]);
    expect(node.lease.held).toBe(false);
    expect(await redis.zrange(members, 0, '-1')).toEqual(['other']);
    expect(await redis.hgetall(cluster)).toEqual(theirs);
    clearInterval(renews);
    await node.settled();
    expect(await redis.hgetall(cluster)).toMatchObject({ schema: '3', shards: '64' });
    redis.disconnect();
  },
);

test('a node next to nodes of release 0.1.0 acquires no lease and reports why', async () => {
  const namespace = uniqueNamespace();
  const redis = await connect(sharedRedisUrl());
  await redis.zadd(nodesKeys(namespace).oldLeases, Date.now() + 60_000, 'older');
  const before = await dump(namespace);
  await using node = await startNode({ ...NODES, namespace });
  node.lease.start();
  await waitFor(() => node.leaseEvents.length > 0, { what: 'the refusal' });
  expect(node.leaseEvents[0]).toContain('nodes of release 0.1.0 run in this namespace (older)');
  expect(await dump(namespace)).toEqual(before);
  await redis.del(nodesKeys(namespace).oldLeases);
  await node.settled();
  redis.disconnect();
});

test('a released lease is removed at once', async () => {
  const namespace = uniqueNamespace();
  await using node = await startLiveNode({ ...NODES, namespace });
  await node.lease.release();
  expect(await node.redis.exists(nodesKeys(namespace).members)).toBe(0);
});
