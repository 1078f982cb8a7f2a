import { expect, test } from 'vitest';
import { type RouteNode, startCluster } from '../harness/index.ts';
import { openKnownLinks } from './known-links.ts';
import { MsgServer } from './msg-server.ts';
import { SeededRandom } from './seeded-random.ts';
import { StatusWatch } from './status-watch.ts';
import { clientsOf, offline, userIds, waitForPresence } from './statuses.ts';

const NODES = 3;
const SERVERS = 6;
const USERS_EACH = 100;
const ENV = { ROUTE_DRAIN_SECONDS: '1', ROUTE_LEASE_SECONDS: '4' };

test('no user is ever seen offline while nodes are replaced one by one', async () => {
  const random = new SeededRandom();
  await using cluster = await startCluster({ nodes: NODES, env: ENV });
  await using stack = new AsyncDisposableStack();
  const leaving = new Set<RouteNode>();
  // As behind a load balancer, a draining node gets no new links.
  const targets = () => cluster.nodes.filter((node) => node.isRunning && !leaving.has(node));
  const servers = Array.from({ length: SERVERS }, (_, i) => {
    const clients = clientsOf(userIds(i * USERS_EACH + 1, USERS_EACH));
    return stack.use(new MsgServer({ targets, clients, random }));
  });
  const allUsers = userIds(1, SERVERS * USERS_EACH);
  const watcher = stack.use(new MsgServer({ targets, clients: [], random }));
  for (const server of servers) await server.linked();
  await waitForPresence([await watcher.linked()], { online: allUsers });
  await using watch = new StatusWatch(allUsers, () => watcher.linked());

  for (const node of cluster.nodes.slice(0, NODES)) {
    leaving.add(node);
    node.signal('SIGTERM');
    await node.waitForLog('draining');
    expect(await node.exited).toEqual({ code: 0, signal: null });
    await cluster.add();
  }
  for (const server of servers) await server.linked();
  await cluster.waitUntilMet();
  await watch.stop();
  expect([...watch.seenOffline]).toEqual([]);
  expect(watch.answers).toBeGreaterThan(100);
  expect(servers.every((server) => server.links > 1)).toBe(true);

  // Nothing is left of the closed links: users who log off now are offline.
  const gone: number[] = [];
  for (const [i, server] of servers.entries()) {
    const link = await server.linked();
    for (const userId of userIds(i * USERS_EACH + 1, USERS_EACH / 2)) {
      link.status(offline(userId));
      gone.push(userId);
    }
  }
  const stay = allUsers.filter((userId) => !gone.includes(userId));
  await using set = await openKnownLinks(targets(), NODES);
  await waitForPresence(set.links, { online: stay, offline: gone, deadlineMs: 15_000 });
});
