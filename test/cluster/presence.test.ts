import { waitFor } from '@route/fixtures';
import { CLIENT_TYPE, USER_STATUS } from '@route/protocol';
import { expect, test } from 'vitest';
import { startCluster } from '../harness/index.ts';
import { openKnownLinks } from './known-links.ts';
import { messagesOn } from './numbered-messages.ts';
import { SeededRandom } from './seeded-random.ts';
import {
  clientsOf,
  lastNotifications,
  offline,
  online,
  userIds,
  waitForPresence,
} from './statuses.ts';

test('users of one node are visible from all nodes, and gone from all when their link ends', async () => {
  await using cluster = await startCluster({ nodes: 3 });
  await using set = await openKnownLinks(cluster.nodes, 6);
  const listed = userIds(1, 300);
  const reported = userIds(1001, 50);
  const onPhone = userIds(2001, 20);
  const others = userIds(3001, 30);

  set.link(0).online([...clientsOf(listed), ...clientsOf(onPhone, CLIENT_TYPE.ios)]);
  for (const userId of reported) set.link(0).status(online(userId));
  set.link(1).online(clientsOf(others));
  await waitForPresence(set.links, {
    online: [...listed, ...reported, ...others],
    offline: [...onPhone, 9999],
  });

  for (const userId of reported.slice(0, 10)) set.link(0).status(offline(userId));
  await waitForPresence(set.links, {
    online: [...listed, ...reported.slice(10)],
    offline: reported.slice(0, 10),
  });

  await set.link(0).close();
  await waitForPresence(set.links.slice(1), {
    online: others,
    offline: [...listed, ...reported, ...onPhone],
  });
});

test('racing updates leave every link with the same last notification, which queries confirm', async () => {
  const random = new SeededRandom();
  await using cluster = await startCluster({ nodes: 3 });
  await using set = await openKnownLinks(cluster.nodes, 6);
  const users = userIds(1, 10);
  for (let round = 0; round < 300; round++) {
    for (const link of set.links) {
      link.status({
        userId: random.pick(users),
        status: random.pick(Object.values(USER_STATUS)),
        clientType: random.pick(Object.values(CLIENT_TYPE)),
      });
    }
    // Lets the nodes start before all updates are sent, so that their calls interleave.
    if (round % 30 === 0) await set.link(round % set.links.length).query([1]);
  }

  // A link's message follows all notifications of its updates.
  for (const [sender, link] of set.links.entries()) {
    link.msgData(sender, 1);
    await link.query(users, 30_000);
  }
  for (const link of set.links) {
    await waitFor(() => messagesOn(link).length === set.links.length - 1, {
      what: 'the last message of each link',
      deadlineMs: 30_000,
    });
  }

  const first = set.link(0);
  const statuses = lastNotifications(first, 'status');
  expect([...statuses.keys()].sort((a, b) => a - b)).toEqual(users);
  for (const link of set.links) {
    expect(lastNotifications(link, 'status')).toEqual(statuses);
    expect(lastNotifications(link, 'login')).toEqual(lastNotifications(first, 'login'));
    for (const { userId, status } of await link.query(users)) {
      const isOnline = statuses.get(userId) !== USER_STATUS.offline;
      expect({ userId, isOnline }).toEqual({ userId, isOnline: status === USER_STATUS.online });
    }
  }
});
