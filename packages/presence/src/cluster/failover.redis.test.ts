import { startClusterRedis, uniqueNamespace, waitFor } from '@route/fixtures';
import { expect, test } from 'vitest';
import { client, queryOf, updateOf } from '../testing/asking.ts';
import { startLiveNode } from '../testing/node.ts';

test('a failover in a Redis Cluster loses the lease even though no call has failed', async () => {
  await using cluster = await startClusterRedis();
  await using node = await startLiveNode({
    url: cluster.target,
    namespace: uniqueNamespace(),
  });
  const link = node.newLink();
  node.presence.openLink(link, { standby: false });
  for (let userId = 0; userId < 200; userId++) {
    await updateOf(node.presence, link, client(userId, 'windows', 'online'));
  }
  await node.settled();
  const [switchOver] = cluster.switches;
  await switchOver?.();
  await waitFor(() => node.leaseEvents.length >= 3, { what: 'the doubt and its end' });
  expect(node.leaseEvents.slice(0, 3)).toEqual(['taken', 'doubted', 'taken']);
  await node.settled();
  expect(await queryOf(node.presence, link, [0, 99, 199, 200])).toEqual([1, 1, 1, 0]);
}, 60_000);
