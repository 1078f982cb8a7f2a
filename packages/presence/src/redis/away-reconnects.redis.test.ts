import { startPrivateRedis, waitFor } from '@route/fixtures';
import { expect, test } from 'vitest';
import { client, queryOf, updateOf } from '../testing/asking.ts';
import { connect, startLiveNode, type TestNode } from '../testing/node.ts';

/** Links that open and end, or change between active and standby, often while Redis is away. */

const GRACE_MS = 500;
const USERS = Array.from({ length: 3_000 }, (_, i) => i);
const OLD_USERS = Array.from({ length: 500 }, (_, i) => 10_000 + i);

function open(node: TestNode, users: readonly number[]): string {
  const link = node.newLink();
  node.presence.openLink(link, { standby: false });
  node.presence.addClients(
    link,
    users.map((id) => client(id, 'windows', 'online')),
  );
  return link;
}

/** The number of script calls that Redis has executed. */
async function scriptCalls({ redis }: TestNode): Promise<number> {
  const stats = await redis.info('commandstats');
  return [...stats.matchAll(/cmdstat_(?:evalsha|eval|fcall):calls=(\d+)/g)].reduce(
    (sum, [, calls]) => sum + Number(calls),
    0,
  );
}

/**
 * Takes Redis away from a node, does something `times` times, and returns the calls that it takes
 * until presence is complete again.
 */
async function callsAfter(node: TestNode, times: number, act: () => void): Promise<number> {
  node.lease.markLost('a test');
  for (let i = 0; i < times; i++) act();
  const before = await scriptCalls(node);
  await node.settled();
  return (await scriptCalls(node)) - before;
}

test('the work after an outage grows with the users, not with the reconnects during it', async () => {
  await using server = await startPrivateRedis();
  await using node = await startLiveNode({
    ...{ url: server.url, namespace: 'route', offlineGraceMs: 60_000 },
  });
  const reconnect = (): void => node.presence.closeLink(open(node, USERS), 'release');
  const once = await callsAfter(node, 1, reconnect);
  expect(await callsAfter(node, 40, reconnect)).toBeLessThan(2 * once);
});

test('the work after an outage does not grow with the changes of a link between active and standby', async () => {
  await using server = await startPrivateRedis();
  await using node = await startLiveNode({
    ...{ url: server.url, namespace: 'route', offlineGraceMs: 60_000 },
  });
  const link = open(node, USERS);
  await node.settled();
  const change = (): void => {
    node.presence.setStandby(link, true);
    node.presence.setStandby(link, false);
  };
  const once = await callsAfter(node, 1, change);
  expect(await callsAfter(node, 40, change)).toBeLessThan(2 * once);
  expect(await queryOf(node.presence, link, [0, 1])).toEqual([1, 1]);
});

test('users of links that opened or ended while Redis was away are announced offline once, except those on another link', async () => {
  await using server = await startPrivateRedis();
  await using node = await startLiveNode({
    ...{ url: server.url, namespace: 'route', offlineGraceMs: GRACE_MS },
  });
  const old = open(node, OLD_USERS);
  await node.settled();
  node.lease.markLost('a test');
  node.presence.closeLink(old, 'release');
  for (let i = 0; i < 5; i++) node.presence.closeLink(open(node, USERS), 'release');
  // Lost again before all is written.
  await waitFor(() => node.lease.held, { what: 'the lease' });
  node.lease.markLost('a test');
  const returned = USERS.filter((id) => id % 2 === 0);
  const last = open(node, returned);
  await node.settled();
  const gone = [...USERS.filter((id) => id % 2 === 1), ...OLD_USERS];
  await waitFor(
    async () => {
      await node.lost.look();
      return node.announced.length >= gone.length;
    },
    { what: 'all to be announced' },
  );
  await node.lost.look();
  expect(node.announced.map(({ userId }) => userId).toSorted((a, b) => a - b)).toEqual(gone);
  expect(await queryOf(node.presence, last, [0, 1, 2, 3])).toEqual([1, 0, 1, 0]);
});

test('a user that is online in a rolled back Redis on a link that ended meanwhile is not announced offline twice', async () => {
  await using server = await startPrivateRedis();
  await using node = await startLiveNode({
    ...{ url: server.url, namespace: 'route', offlineGraceMs: GRACE_MS },
  });
  const link = open(node, [1, 2]);
  await node.settled();
  const admin = await connect(server.url);
  await admin.save();
  admin.disconnect();
  await updateOf(node.presence, link, client(1, 'windows', 'offline'));
  await server.kill();
  await waitFor(() => !node.lease.held, { what: 'the lease to be lost' });
  node.presence.closeLink(link, 'release');
  await server.startAgain();
  await node.settled();
  await waitFor(
    async () => {
      await node.lost.look();
      return node.announced.length > 0;
    },
    { what: 'a user to be announced' },
  );
  await node.lost.look();
  expect(node.announced.map(({ userId }) => userId)).toEqual([2]);
});
