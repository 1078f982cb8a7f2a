import { type PrivateRedisServer, startPrivateRedis, waitFor } from '@route/fixtures';
import { askRedis, findFreePort } from '@route/local-cluster';
import { USER_STATUS } from '@route/protocol';
import { expect, test } from 'vitest';
import { messagePdu, openLink, startCluster, startRouteNode } from '../harness/index.ts';
import { openKnownLink, openKnownLinks } from './known-links.ts';
import { messagesOn } from './numbered-messages.ts';
import {
  clientsOf,
  lastNotifications,
  offline,
  online,
  onlineAmong,
  userIds,
  waitForPresence,
} from './statuses.ts';

const ANSWER_MS = 2000;
const HEALED_WITHIN_MS = 20_000;

test('a node without Redis waits, reports it, accepts no links, and is ready when Redis returns', async () => {
  await using redis = await startPrivateRedis();
  await redis.kill();
  const port = await findFreePort();
  await using node = await startRouteNode({
    env: { ROUTE_ENGINE: 'redis', REDIS_URL: redis.url, ROUTE_LISTEN: `127.0.0.1:${port}` },
    waitUntilReady: false,
  });
  await node.waitForLog('waiting-for-redis');
  await node.waitForLog('redis-error');
  expect((await fetch(`${node.adminUrl}/healthz`)).status).toBe(200);
  const unready = await fetch(`${node.adminUrl}/readyz`);
  expect(unready.status).toBe(503);
  expect(await unready.json()).toMatchObject({ reasons: { redis: expect.any(String) } });
  await expect(openLink({ host: '127.0.0.1', port })).rejects.toThrow('ECONNREFUSED');

  await redis.startAgain();
  await waitFor(() => node.ready(), { what: 'the node to be ready', deadlineMs: HEALED_WITHIN_MS });
  // The log line is written a moment later, and contains the node's address.
  await node.waitForLog('listening');
  await using link = await openKnownLink(node);
  link.online(clientsOf([1]));
  await waitForPresence([link], { online: [1] });
});

/** A kind of Redis outage and its end. */
interface Outage {
  readonly name: string;
  readonly begin: (redis: PrivateRedisServer) => Promise<void>;
  readonly end: (redis: PrivateRedisServer) => Promise<void>;
}

const OUTAGES: readonly Outage[] = [
  {
    name: 'is killed and comes back empty',
    begin: (redis) => redis.kill(),
    end: (redis) => redis.startAgain(),
  },
  {
    name: 'is killed and comes back with what it had',
    begin: async (redis) => {
      await askRedis(redis.url, 'SAVE', 10_000);
      await redis.kill();
    },
    end: (redis) => redis.startAgain(),
  },
  {
    name: 'is frozen with all connections open, and goes on',
    begin: (redis) => redis.pause(),
    end: (redis) => redis.unpause(),
  },
];

test.for(OUTAGES)(
  'nothing is lost while Redis $name, and links of one node work on',
  async ({ begin, end }) => {
    await using redis = await startPrivateRedis();
    const env = { ROUTE_LEASE_SECONDS: '3' };
    await using cluster = await startCluster({ nodes: 2, redisUrl: redis.url, env });
    // Links 0, 2 and 4 are on one node, 1 and 3 on the other.
    await using set = await openKnownLinks(cluster.nodes, 5);
    const [near, far, nearToo, farToo] = [set.link(0), set.link(1), set.link(2), set.link(3)];
    const leaving = set.link(4);
    const staying = [near, far, nearToo, farToo];
    const [ofNear, ofFar, ofLeaving] = [userIds(1, 50), userIds(101, 50), userIds(201, 50)];
    near.online(clientsOf(ofNear));
    far.online(clientsOf(ofFar));
    leaving.online(clientsOf(ofLeaving));
    await waitForPresence(staying, { online: [...ofNear, ...ofFar, ...ofLeaving] });

    await begin(redis);
    near.msgData(1, 1);
    const [relayed] = await nearToo.waitForPdus(1);
    expect(relayed?.bytes).toEqual(messagePdu(1, 1));
    // The node knows the users of its own links, but not those of the others.
    expect(await onlineAmong(nearToo, [1, 50, 101, 999], ANSWER_MS)).toEqual([1, 50]);
    expect(await onlineAmong(farToo, [1, 101, 150, 999], ANSWER_MS)).toEqual([101, 150]);

    near.status(online(901));
    near.status(offline(1));
    for (const change of [online, offline, online]) far.status(change(902));
    for (const change of [online, offline]) far.status(change(903));
    expect(await onlineAmong(near, [1, 2, 901], ANSWER_MS)).toEqual([2, 901]);
    expect(await onlineAmong(far, [902, 903], ANSWER_MS)).toEqual([902]);
    await leaving.close();
    near.msgData(1, 2);
    await nearToo.waitForPdus(2);
    expect(staying.map(({ serverClose }) => serverClose)).toEqual(staying.map(() => undefined));
    for (const node of cluster.nodes) {
      await waitFor(async () => !(await node.ready()), { what: 'the node to be not ready' });
    }

    await end(redis);
    const told = new Map([
      [1, USER_STATUS.offline],
      [901, USER_STATUS.online],
      [902, USER_STATUS.online],
      [903, USER_STATUS.offline],
    ]);
    for (const link of staying) {
      await waitFor(
        () => {
          expect(lastNotifications(link, 'status')).toEqual(told);
          return true;
        },
        { what: 'each user’s last status to be announced', deadlineMs: HEALED_WITHIN_MS },
      );
    }
    await waitForPresence(staying, {
      online: [...ofNear.slice(1), ...ofFar, 901, 902],
      offline: [1, 903, ...ofLeaving],
      deadlineMs: HEALED_WITHIN_MS,
    });
    for (const node of cluster.nodes) {
      await waitFor(() => node.ready(), { what: 'the node to be ready', deadlineMs: 10_000 });
    }
    // Notifications sent in between have arrived as well.
    for (const link of [far, farToo]) {
      expect(messagesOn(link)).toEqual([messagePdu(1, 1), messagePdu(1, 2)]);
    }
  },
);
