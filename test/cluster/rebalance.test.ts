import { AdminClient } from '@route/admin-api';
import { waitFor } from '@route/fixtures';
import { expect, test } from 'vitest';
import { type RouteNode, startCluster } from '../harness/index.ts';
import { openKnownLink, openKnownLinks } from './known-links.ts';
import { LeastConnections } from './least-connections.ts';
import { MsgServer } from './msg-server.ts';
import { SeededRandom } from './seeded-random.ts';
import { StatusWatch } from './status-watch.ts';
import { clientsOf, offline, userIds, waitForPresence } from './statuses.ts';

const USERS_EACH = 20;
const TOKEN = 'the-token-of-this-test';
const SHED = { reason: 'rebalancing' };

function adminOf(node: RouteNode): AdminClient {
  return new AdminClient({ address: new URL(node.adminUrl).host, token: TOKEN });
}

async function linksOf(nodes: readonly RouteNode[]): Promise<number[]> {
  return await Promise.all(nodes.map((node) => node.metric('route_links')));
}

async function sum(nodes: readonly RouteNode[], name: string): Promise<number> {
  const values = await Promise.all(nodes.map((node) => node.metric(name)));
  return values.reduce((total, value) => total + value, 0);
}

test('a node that joins gets its share of the links, and no user is ever seen offline', async () => {
  const random = new SeededRandom();
  await using cluster = await startCluster({
    nodes: 2,
    env: {
      ROUTE_REBALANCE: '20',
      ROUTE_REBALANCE_PER_MINUTE: '600',
      ROUTE_LEASE_SECONDS: '4',
      ROUTE_OFFLINE_GRACE_SECONDS: '1',
    },
  });
  await using stack = new AsyncDisposableStack();
  const balancer = new LeastConnections(() => cluster.nodes);
  const targets = (): readonly LeastConnections[] => [balancer];
  const servers = Array.from({ length: 24 }, (_, i) => {
    const clients = clientsOf(userIds(i * USERS_EACH + 1, USERS_EACH));
    return stack.use(new MsgServer({ targets, clients, random }));
  });
  const watcher = stack.use(new MsgServer({ targets, clients: [], random }));
  const allUsers = userIds(1, servers.length * USERS_EACH);
  for (const server of servers) await server.linked();
  await waitForPresence([await watcher.linked()], { online: allUsers });
  await using watch = new StatusWatch(allUsers, () => watcher.linked());
  expect(await sum(cluster.nodes, 'route_links')).toBe(25);
  expect(await sum(cluster.nodes, 'route_links_lingering')).toBe(0);

  const joined = await cluster.add();
  // 25 links on 3 nodes: 9 are a fair share, 10 are tolerated.
  await waitFor(
    async () => {
      const lingering = await sum(cluster.nodes, 'route_links_lingering');
      const links = await linksOf(cluster.nodes);
      const isShared = lingering === 0 && Math.max(...links) <= 10 && Math.min(...links) >= 5;
      return isShared || Promise.reject(new Error(`${links.join()}, ${lingering} lingering`));
    },
    { what: 'the links to be shared', deadlineMs: 40_000 },
  );
  await watch.stop();
  expect([...watch.seenOffline]).toEqual([]);
  expect(watch.answers).toBeGreaterThan(100);
  // A node's view of the others is up to a second old.
  await joined.waitForMetric('route_links_fair_share', (share) => share === 9);
  expect(await joined.metric('route_links_tolerated')).toBe(10);
  expect(await joined.metric('route_links_closed_total', SHED)).toBe(0);
  expect(await sum(cluster.nodes, 'route_presence_offline_grace_expired_total')).toBe(0);

  // Nothing is left of the closed links: users who log off now are offline.
  const gone = userIds(1, allUsers.length).filter((userId) => userId % 2 === 0);
  for (const [i, server] of servers.entries()) {
    const link = await server.linked();
    for (const userId of userIds(i * USERS_EACH + 1, USERS_EACH)) {
      if (userId % 2 === 0) link.status(offline(userId));
    }
  }
  const stay = allUsers.filter((userId) => userId % 2 === 1);
  await waitForPresence([await watcher.linked()], { online: stay, offline: gone });
});

test('users of a rebalanced link that does not return are offline after the grace time', async () => {
  await using cluster = await startCluster({
    nodes: 2,
    env: {
      ROUTE_ADMIN_TOKEN: TOKEN,
      ROUTE_REBALANCE_PER_MINUTE: '6000',
      ROUTE_LEASE_SECONDS: '2',
      ROUTE_OFFLINE_GRACE_SECONDS: '1',
    },
  });
  await using watcher = await openKnownLink(cluster.node(1));
  await using set = await openKnownLinks([cluster.node(0)], 5);
  for (const [i, link] of set.links.entries()) link.online(clientsOf([i + 1]));
  await waitForPresence([watcher], { online: [1, 2, 3, 4, 5] });
  await cluster.node(0).waitForMetric('route_links_fair_share', (share) => share === 3);
  // The links open longest are closed.
  expect(await adminOf(cluster.node(0)).rebalance()).toMatchObject({ fairShare: 3, closing: 2 });
  expect(await set.link(0).closedByServer).toBe('ended');
  expect(await set.link(1).closedByServer).toBe('ended');
  expect(await watcher.query([1, 2])).toMatchObject([{ status: 1 }, { status: 1 }]);
  await waitForPresence([watcher], { online: [3, 4, 5], offline: [1, 2] });
  await waitFor(
    async () => (await sum(cluster.nodes, 'route_presence_offline_grace_expired_total')) === 2,
    { what: 'the users to be announced' },
  );
  expect(await cluster.node(0).metric('route_links_closed_total', SHED)).toBe(2);
  expect(await linksOf(cluster.nodes)).toEqual([3, 1]);
});

test('rebalances only on request by default; on request closes links down to the fair share, a few at a time', async () => {
  await using cluster = await startCluster({
    nodes: 2,
    env: { ROUTE_ADMIN_TOKEN: TOKEN, ROUTE_REBALANCE_PER_MINUTE: '180' },
  });
  const [full, empty] = [cluster.node(0), cluster.node(1)];
  await using _set = await openKnownLinks([full], 12);
  await empty.waitForMetric('route_links_fair_share', (share) => share === 6);
  expect(await full.metric('route_links_tolerated')).toBe(0);
  expect(await full.metric('route_links')).toBe(12);

  expect(await adminOf(empty).rebalance()).toMatchObject({ links: 0, fairShare: 6, closing: 0 });
  expect(await adminOf(full).rebalance()).toMatchObject({ links: 12, fairShare: 6, closing: 6 });
  await full.waitForMetric('route_links', (links) => links === 6);
  const steps = full.logsOf('links-rebalanced').map(({ closing }) => Number(closing));
  expect(Math.max(...steps)).toBeLessThanOrEqual(3);
  expect(steps.reduce((total, closing) => total + closing)).toBe(6);
});

test('users of a link closed by an operator are not announced offline', async () => {
  await using cluster = await startCluster({
    nodes: 2,
    env: { ROUTE_ADMIN_TOKEN: TOKEN, ROUTE_LEASE_SECONDS: '2' },
  });
  await using watcher = await openKnownLink(cluster.node(1));
  await using link = await openKnownLink(cluster.node(0));
  link.online(clientsOf([7]));
  await waitForPresence([watcher], { online: [7] });
  const admin = adminOf(cluster.node(0));
  const [view] = (await admin.links()).links;
  await admin.closeLink(view?.link ?? '');
  expect(await link.closedByServer).toBe('ended');
  await cluster.node(0).waitForMetric('route_links_lingering', (count) => count === 1);
  expect(await watcher.query([7])).toMatchObject([{ status: 1 }]);
  await waitForPresence([watcher], { online: [], offline: [7] });
});
