import { sharedRedisUrl, uniqueNamespace, waitFor } from '@route/fixtures';
import { expect, test } from 'vitest';
import { nodesKeys } from '../redis/keys.ts';
import { connect, startLiveNode } from '../testing/node.ts';
import { readNodeRegistry } from './node-registry.ts';

const LATE = 9e15;
/** Two days of microseconds: further ahead of Redis's clock than any node is. */
const FAR = 2 * 86_400_000_000;

test('garbage in the node registry is skipped and counted, and the nodes go on', async () => {
  const namespace = uniqueNamespace();
  const url = sharedRedisUrl();
  await using node = await startLiveNode({ url, namespace, leaseMs: 1000 });
  await using other = await startLiveNode({ url, namespace, leaseMs: 1000 });
  const redis = await connect(url);
  const { members, info, asserted, cluster } = nodesKeys(namespace);
  const genuine = (await redis.hget(info, other.nodeId)) ?? '';
  await redis.hset(info, {
    nobody: '{',
    'no id': genuine,
    // In the name of another node, or with an invalid address.
    forged: genuine,
    evil: genuine
      .replaceAll(other.nodeId, 'evil')
      .replace(/"admin":"[^"]*"/, '"admin":"me@evil:1"'),
  });
  await redis.zadd(members, LATE, 'no id', LATE, '\u001b[2J');
  await redis.hset(asserted, { 'no id': 'x', [other.nodeId]: '1e300' });
  await redis.hset(cluster, { epoch: 'x', version: '9'.repeat(30) });
  await waitFor(() => node.members().malformed > 0, { what: 'the garbage to be counted' });
  for (const { members: seen } of [node, other]) {
    await waitFor(() => seen().nodes.length === 2, { what: 'both nodes, and no other' });
    expect(
      seen()
        .nodes.map(({ node: id }) => id)
        .sort(),
    ).toEqual([node.nodeId, other.nodeId].sort());
  }
  const directory = await readNodeRegistry({ redis, namespace });
  expect(directory.entries.filter(({ info }) => info !== undefined)).toHaveLength(2);
  const events = node.leaseEvents.length;
  const lease = await redis.zscore(members, node.nodeId);
  await waitFor(async () => (await redis.zscore(members, node.nodeId)) !== lease, {
    what: 'the lease to be renewed',
  });
  expect(node.leaseEvents.slice(events)).toEqual([]);
  expect(node.lease.held).toBe(true);
  redis.disconnect();
});

test('a version more than a day ahead is rejected', async () => {
  await using node = await startLiveNode({ url: sharedRedisUrl(), namespace: uniqueNamespace() });
  const { presence } = node;
  const known = presence.versions.highest;
  for (const version of [Number.NaN, -1, 0.5, Number.MAX_SAFE_INTEGER, known + FAR]) {
    expect(presence.versionSeen(version)).toBe(false);
  }
  expect(presence.versions.highest).toBeLessThan(known + FAR / 2);
  expect(presence.versionSeen(known + FAR / 4)).toBe(true);
  expect(presence.versions.highest).toBe(known + FAR / 4);
});
