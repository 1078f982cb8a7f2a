import { setTimeout } from 'node:timers/promises';
import { SlotMove, startClusterRedis, uniqueNamespace } from '@route/fixtures';
import { shardOf } from '@route/redis';
import { expect, test } from 'vitest';
import { nodesKeys, presenceKeys } from '../redis/keys.ts';
import { client, queryOf, updateOf } from '../testing/asking.ts';
import { startLiveNode } from '../testing/node.ts';

test('slots that are moved with their keys lose no lease, and no user seems offline', async () => {
  await using cluster = await startClusterRedis();
  const namespace = uniqueNamespace();
  await using node = await startLiveNode({ url: cluster.target, namespace });
  await using other = await startLiveNode({ url: cluster.target, namespace });
  const userIds = Array.from({ length: 200 }, (_, userId) => userId);
  const [link, asking] = [node.newLink(), other.newLink()];
  node.presence.openLink(link, { standby: false });
  other.presence.openLink(asking, { standby: false });
  for (const userId of userIds) {
    await updateOf(node.presence, link, client(userId, 'windows', 'online'));
  }
  await Promise.all([node.settled(), other.settled()]);

  await using move = await SlotMove.of(nodesKeys(namespace).members, cluster.primaries);
  expect(move.slots).toContain(move.slot);
  let isMoving = true;
  const moved = move.move(move.slots.slice(1)).finally(() => {
    isMoving = false;
  });
  let queries = 0;
  while (isMoving) {
    const states = await queryOf(other.presence, asking, userIds);
    expect(states).not.toContain(0);
    queries += 1;
  }
  await moved;
  expect(queries).toBeGreaterThan(1);
  await updateOf(node.presence, link, client(0, 'windows', 'offline'));
  expect(await queryOf(other.presence, asking, [0, 1, 199, 200])).toEqual([0, 1, 1, 0]);
  expect([node.leaseEvents, other.leaseEvents]).toEqual([['taken'], ['taken']]);
}, 60_000);

test('a slot that stays half moved makes queries late, and they are answered when it is moved', async () => {
  await using cluster = await startClusterRedis();
  const namespace = uniqueNamespace();
  await using node = await startLiveNode({ url: cluster.target, namespace });
  await using other = await startLiveNode({ url: cluster.target, namespace });
  const [link, asking] = [node.newLink(), other.newLink()];
  node.presence.openLink(link, { standby: false });
  other.presence.openLink(asking, { standby: false });
  await updateOf(node.presence, link, client(7, 'windows', 'online'));
  await Promise.all([node.settled(), other.settled()]);
  const users = presenceKeys(namespace)[shardOf(7)]?.users ?? '';
  await using move = await SlotMove.of(users, cluster.primaries);
  await move.begin();
  await move.moveKeys([users]);
  const answer = queryOf(other.presence, asking, [7]);
  await setTimeout(400);
  await move.moveKeys(await move.keysIn());
  await move.end();
  expect(await answer).toEqual([1]);
  expect([node.leaseEvents, other.leaseEvents]).toEqual([['taken'], ['taken']]);
}, 60_000);
