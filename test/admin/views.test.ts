import { AdminClient } from '@route/admin-api';
import { waitFor } from '@route/fixtures';
import { CLIENT_TYPE, USER_STATUS } from '@route/protocol';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openKnownLink, openKnownLinks } from '../cluster/known-links.ts';
import { type Cluster, startCluster, startRouteNode } from '../harness/index.ts';

const { windows, mac, ios, android } = CLIENT_TYPE;
const { online, leave } = USER_STATUS;

const stack = new AsyncDisposableStack();
let cluster: Cluster;
beforeAll(async () => {
  cluster = stack.use(await startCluster({ nodes: 2 }));
});
afterAll(() => stack.disposeAsync());

function adminOf(node: { readonly adminUrl: string }): AdminClient {
  return new AdminClient({ address: new URL(node.adminUrl).host });
}

test('a node reports itself: ready, its lease, the bus and its lag, its settings', async () => {
  const node = cluster.node(0);
  const view = await waitFor(
    async () => {
      const seen = await adminOf(node).node();
      return seen.bus?.rttMs === null ? undefined : seen;
    },
    { what: 'the bus to have echoed' },
  );
  expect(view).toMatchObject({
    node: node.id,
    runtime: process.version,
    engine: 'redis',
    namespace: cluster.namespace,
    listen: `${node.host}:${node.port}`,
    ready: true,
    draining: false,
    reasons: [],
    lease: { acquired: true, seconds: 10, liveNodes: 2 },
    bus: { responsive: true, full: false, awaitedNodes: 1, framesLost: 0 },
  });
  expect(Math.abs(view.nowMs - Date.now())).toBeLessThan(10_000);
  expect(view.startedAtMs).toBeLessThan(view.nowMs);
  expect(view.bus?.peers).toEqual([
    { node: cluster.node(1).id, behind: 0, uncredited: 0, gap: false },
  ]);
  expect(view.settings).toMatchObject({ ROUTE_LINKS: 'all', LOG_LEVEL: 'info' });
});

test('every node reports all nodes, their lease times and their addresses', async () => {
  for (const node of cluster.nodes) {
    const { nodes, redisNowMs } = await adminOf(node).cluster();
    expect(redisNowMs).toBeGreaterThan(0);
    const expected = cluster.nodes.map((other) => ({
      node: other.id,
      self: other === node,
      alive: true,
      info: { admin: new URL(other.adminUrl).host, draining: false },
    }));
    expect(nodes).toMatchObject(expected.sort((a, b) => (a.node < b.node ? -1 : 1)));
    for (const { leaseLeftMs } of nodes) {
      expect(leaseLeftMs).toBeGreaterThan(0);
      expect(leaseLeftMs).toBeLessThanOrEqual(10_000);
    }
  }
});

test('reports a node without a lease as dead', async () => {
  await using three = await startCluster({ nodes: 2, env: { ROUTE_LEASE_SECONDS: '1' } });
  const gone = three.node(1);
  const { id } = gone;
  await gone.kill();
  const found = await waitFor(
    async () => {
      const { nodes } = await adminOf(three.node(0)).cluster();
      return nodes.find(({ node, alive }) => node === id && !alive);
    },
    { what: 'the node to be dead', deadlineMs: 10_000 },
  );
  expect(found.leaseLeftMs).toBeLessThanOrEqual(0);
});

test('reports links with their msg_server, role, users and traffic', async () => {
  await using master = await openKnownLink(cluster.node(0));
  await using slave = await openKnownLink(cluster.node(0));
  await using silent = await openKnownLink(cluster.node(0));
  master.roleSet(true);
  slave.roleSet(false);
  master.online([
    { userId: 71, status: online, clientType: windows },
    { userId: 72, status: online, clientType: ios },
  ]);
  master.msgData(71, 1);
  await silent.waitForPdus(1);
  await master.known();
  const { links } = await adminOf(cluster.node(0)).links();
  const of = (link: { readonly address: string }) =>
    links.find(({ peer }) => peer === link.address);
  expect(of(master)).toMatchObject({
    role: 'master',
    counts: true,
    state: 'open',
    users: 2,
    // Two queries, the role, the list and the message.
    receivedPdus: 5,
    unsentBytes: 0,
    pendingPdus: 0,
    reading: 'reading',
  });
  expect(of(slave)).toMatchObject({ role: 'slave', users: 0 });
  expect(of(silent)).toMatchObject({ role: 'none', receivedPdus: 1 });
  expect(of(silent)?.sentBytes).toBeGreaterThan(of(silent)?.receivedBytes ?? Infinity);
  expect(of(master)?.silentMs).toBeLessThan(10_000);
  expect(Math.abs((of(master)?.openedAtMs ?? 0) - Date.now())).toBeLessThan(20_000);
});

test('a non-master link reports that it does not count where only masters do', async () => {
  await using node = await startRouteNode({ env: { ROUTE_LINKS: 'master' } });
  await using set = await openKnownLinks([node], 2);
  set.link(0).roleSet(true);
  await set.link(0).known();
  const { links } = await adminOf(node).links();
  expect(links.map(({ role, counts }) => ({ role, counts }))).toEqual([
    { role: 'master', counts: true },
    { role: 'none', counts: false },
  ]);
});

test('any node finds a user; only the link’s own node knows the details', async () => {
  await using here = await openKnownLink(cluster.node(0));
  await using there = await openKnownLink(cluster.node(1));
  here.online([
    { userId: 81, status: online, clientType: windows },
    { userId: 81, status: leave, clientType: windows },
    { userId: 82, status: online, clientType: android },
  ]);
  there.online([{ userId: 81, status: online, clientType: ios }]);
  await Promise.all([here.known(), there.known()]);
  const client = adminOf(cluster.node(0));
  const view = await waitFor(
    async () => {
      const seen = await client.users([81, 82, 83]);
      const held = seen.users.reduce((sum, { links }) => sum + links.length, 0);
      return held === 3 && seen;
    },
    { what: 'all lists to stand' },
  );
  const [both, phone, unknown] = view.users;
  expect(both).toMatchObject({ userId: 81, status: 'online', state: 'pc' });
  expect(both?.links.find(({ node }) => node === cluster.node(0).id)).toMatchObject({
    peer: here.address,
    clients: { windows: 2, mac: 0, ios: 0, android: 0 },
    away: { windows: 1, mac: 0, ios: 0, android: 0 },
    openedAtMs: expect.any(Number),
  });
  expect(both?.links.find(({ node }) => node === cluster.node(1).id)).toMatchObject({
    peer: null,
    clients: { windows: 0, mac: 0, ios: 1, android: 0 },
    away: null,
    openedAtMs: null,
  });
  expect(phone).toMatchObject({ userId: 82, status: 'offline', state: 'mobile-only' });
  expect(unknown).toEqual({ userId: 83, status: 'offline', state: 'gone', links: [] });
});

test('a single node reports the same of its users, from its own memory', async () => {
  await using node = await startRouteNode();
  await using link = await openKnownLink(node);
  link.online([{ userId: 5, status: online, clientType: mac }]);
  await link.known();
  const { users } = await adminOf(node).users([5, 6]);
  expect(users).toMatchObject([
    { userId: 5, status: 'online', links: [{ node: node.id, peer: link.address }] },
    { userId: 6, status: 'offline', links: [] },
  ]);
  const { nodes, redisNowMs } = await adminOf(node).cluster();
  expect(redisNowMs).toBeNull();
  expect(nodes).toMatchObject([{ node: node.id, self: true, alive: true, leaseLeftMs: null }]);
});

test('totals count clients by type, clients away, and users by client types', async () => {
  await using node = await startRouteNode();
  await using set = await openKnownLinks([node], 2);
  set.link(0).online([
    { userId: 1, status: online, clientType: windows },
    { userId: 1, status: online, clientType: ios },
    { userId: 2, status: leave, clientType: mac },
    { userId: 3, status: online, clientType: android },
  ]);
  set.link(1).online([{ userId: 1, status: online, clientType: windows }]);
  for (const link of set.links) await link.known();
  const { countedAtMs, ...totals } = await adminOf(node).totals();
  expect(totals).toEqual({
    node: node.id,
    users: 4,
    pcUsers: 3,
    mobileOnlyUsers: 1,
    clients: { windows: 2, mac: 1, ios: 1, android: 1 },
    away: { windows: 0, mac: 1, ios: 0, android: 0 },
  });
  // An immediate second request gets the same count.
  expect((await adminOf(node).totals()).countedAtMs).toBe(countedAtMs);
});
