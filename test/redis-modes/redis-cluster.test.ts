import { SlotMove, startClusterRedis } from '@route/fixtures';
import { expect, test } from 'vitest';
import { openKnownLinks } from '../cluster/known-links.ts';
import { clientsOf, onlineAmong, userIds, waitForPresence } from '../cluster/statuses.ts';
import { goldenSuite } from '../golden/golden-suite.ts';
import { startCluster } from '../harness/index.ts';
import { startNodesOn } from './nodes-on.ts';

goldenSuite('three nodes on a Redis Cluster', () => startNodesOn(startClusterRedis));

test('a Redis Cluster that is resharded costs no node its lease, and no user seems offline', async () => {
  await using redis = await startClusterRedis();
  await using cluster = await startCluster({ nodes: 2, env: redis.env });
  await using set = await openKnownLinks(cluster.nodes, 2);
  const users = userIds(1, 300);
  set.link(0).online(clientsOf(users));
  await waitForPresence([set.link(1)], { online: users });

  await using move = await SlotMove.of('route:{nodes}:members', redis.primaries);
  let isMoving = true;
  const moved = move.move(move.slots.slice(1)).finally(() => {
    isMoving = false;
  });
  while (isMoving) {
    expect(await onlineAmong(set.link(1), users)).toEqual(users);
  }
  await moved;
  await waitForPresence([set.link(0), set.link(1)], { online: users });
  expect(cluster.nodes.flatMap((node) => node.logsOf('lease-lost'))).toEqual([]);
}, 90_000);
