import { startPrivateRedis, waitFor } from '@route/fixtures';
import { askRedis } from '@route/local-cluster';
import { presenceKeys } from '@route/presence';
import { CLIENT_TYPE, USER_STATUS } from '@route/protocol';
import { shardOf } from '@route/redis';
import { expect, test } from 'vitest';
import { startCluster } from '../harness/index.ts';
import { openKnownLinks } from './known-links.ts';
import { messagesOn, numberedPdu, OrderCheck, sendPaced } from './numbered-messages.ts';
import {
  clientsOf,
  lastNotifications,
  offline,
  online,
  userIds,
  waitForPresence,
} from './statuses.ts';

const HEALED_WITHIN_MS = 15_000;
const USERS = 800;
const USERS_EACH = USERS / 4;
const MESSAGES = 400;
const PER_SECOND = 200;

test.for(['FLUSHALL', 'SCRIPT FLUSH', 'CLIENT KILL TYPE normal', 'CLIENT KILL TYPE pubsub'])(
  'presence is exact and no message is lost when Redis receives %s under running links',
  async (command) => {
    await using redis = await startPrivateRedis();
    const env = { ROUTE_LEASE_SECONDS: '2' };
    await using cluster = await startCluster({ nodes: 2, redisUrl: redis.url, env });
    await using set = await openKnownLinks(cluster.nodes, 6);
    // Links 0 to 3 have users; 4 sends messages, 5 on the other node receives them.
    const holders = [0, 1, 2, 3].map((index) => set.link(index));
    const users = userIds(1, USERS);
    for (const [i, link] of holders.entries()) {
      link.online(clientsOf(users.slice(i * USERS_EACH, (i + 1) * USERS_EACH)));
    }
    await waitForPresence(holders, { online: users });

    const check = new OrderCheck(set.link(5));
    const sending = sendPaced(set.link(4), { sender: 1, count: MESSAGES, perSecond: PER_SECOND });
    await waitFor(() => check.count > MESSAGES / 4, { what: 'the first messages' });
    expect(await askRedis(redis.url, command)).not.toMatch(/^-/);
    // Users connect and disconnect during recovery.
    set.link(0).status(online(5001));
    set.link(1).status(online(5002));
    set.link(0).status(offline(1));

    await waitForPresence(holders, {
      online: [...users.slice(1), 5001, 5002],
      offline: [1],
      deadlineMs: HEALED_WITHIN_MS,
    });
    await sending;
    set.link(4).send(numberedPdu(1, MESSAGES));
    await waitFor(() => check.count > MESSAGES || Promise.reject(new Error(`${check.count}`)), {
      what: 'all messages',
      deadlineMs: HEALED_WITHIN_MS,
    });
    expect(check.problems).toEqual([]);
    const told = new Map([
      [1, USER_STATUS.offline],
      [5001, USER_STATUS.online],
      [5002, USER_STATUS.online],
    ]);
    for (const link of holders) {
      await waitFor(
        () => {
          expect(lastNotifications(link, 'status')).toEqual(told);
          return true;
        },
        { what: 'the notifications', deadlineMs: HEALED_WITHIN_MS },
      );
      expect(messagesOn(link)).toHaveLength(MESSAGES + 1);
    }

    await set.link(3).close();
    await waitForPresence([set.link(0), set.link(1)], {
      online: users.slice(1, 2 * USERS_EACH),
      offline: users.slice(-USERS_EACH),
      deadlineMs: HEALED_WITHIN_MS,
    });
  },
);

// Failed while a node did not report its own clients: every link then took the user for offline.
test('corrects a user announced offline after Redis lost the record of another client, PC and mobile', async () => {
  await using redis = await startPrivateRedis();
  await using cluster = await startCluster({ nodes: 2, redisUrl: redis.url });
  await using set = await openKnownLinks(cluster.nodes, 4);
  set.link(0).online([...clientsOf([1]), ...clientsOf([2], CLIENT_TYPE.ios)]);
  set.link(1).online(clientsOf([1, 2]));
  await waitForPresence([set.link(0), set.link(1)], { online: [1, 2] });
  // Only the records, as in an eviction: the stamps that reveal an emptied Redis stay.
  for (const userId of [1, 2]) {
    const key = presenceKeys(cluster.namespace)[shardOf(userId)]?.users;
    expect(await askRedis(redis.url, `DEL ${key}`)).toBe(':1');
  }
  set.link(1).status(offline(1));
  set.link(1).status(offline(2));
  for (const index of [0, 1, 2, 3]) {
    const link = set.link(index);
    await waitFor(
      () =>
        lastNotifications(link, 'status').get(1) === USER_STATUS.online &&
        lastNotifications(link, 'status').get(2) === USER_STATUS.offline &&
        lastNotifications(link, 'login').get(2) === 0,
      { what: `link ${index} to receive the right status`, deadlineMs: HEALED_WITHIN_MS },
    );
  }
  const corrected = await Promise.all(
    cluster.nodes.map((node) => node.metric('route_notifications_corrected_total')),
  );
  expect(corrected.reduce((sum, count) => sum + count)).toBe(2);
});

test('announces updates made while Redis is away and returns empty as if it had been up', async () => {
  await using redis = await startPrivateRedis();
  await using cluster = await startCluster({ nodes: 2, redisUrl: redis.url });
  await using set = await openKnownLinks(cluster.nodes, 4);
  const phones = userIds(1, 200);
  set.link(0).online(clientsOf(phones, CLIENT_TYPE.ios));
  set.link(0).online(clientsOf([1_000]));
  set.link(1).online(clientsOf(phones));
  await waitForPresence([set.link(0), set.link(1)], { online: [...phones, 1_000] });
  await redis.kill();
  for (const userId of phones) set.link(1).status(offline(userId));
  set.link(1).status({ ...online(1_000), clientType: CLIENT_TYPE.ios });
  await redis.startAgain();
  const told = new Map([...phones.map((id) => [id, 0] as const), [1_000, 1]]);
  for (const index of [0, 1, 2, 3]) {
    await waitFor(
      () => {
        expect(lastNotifications(set.link(index), 'login')).toEqual(told);
        return true;
      },
      { what: 'the login notifications', deadlineMs: HEALED_WITHIN_MS },
    );
  }
});
