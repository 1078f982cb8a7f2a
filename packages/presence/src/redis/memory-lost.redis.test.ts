import { type PrivateRedisServer, startPrivateRedis, waitFor } from '@route/fixtures';
import { expect, test } from 'vitest';
import type { LinkId } from '../presence.ts';
import { client, queryOf, updateOf } from '../testing/asking.ts';
import { connect, startLiveNode, type TestNode } from '../testing/node.ts';
import { readStored } from '../testing/stored.ts';
import { presenceKeys } from './keys.ts';

/** Redis loses data: all of it, the latest writes, or the data of one node. */

const NAMESPACE = 'route';
const PHONES = Array.from({ length: 200 }, (_, i) => i);

interface Scene extends AsyncDisposable {
  readonly server: PrivateRedisServer;
  readonly nodes: readonly [TestNode, TestNode];
}

async function scene(options: { leaseMs?: number; offlineGraceMs?: number } = {}): Promise<Scene> {
  const stack = new AsyncDisposableStack();
  const server = stack.use(await startPrivateRedis());
  const all = { url: server.url, namespace: NAMESPACE, leaseMs: 3_000, ...options };
  const nodes = [stack.use(await startLiveNode(all)), stack.use(await startLiveNode(all))] as const;
  return { server, nodes, [Symbol.asyncDispose]: () => stack.disposeAsync() };
}

async function openWith(
  node: TestNode,
  users: readonly number[],
  type: 'windows' | 'ios',
): Promise<LinkId> {
  const link = node.newLink();
  node.presence.openLink(link, { standby: false });
  node.presence.addClients(
    link,
    users.map((id) => client(id, type, 'online')),
  );
  await node.settled();
  return link;
}

async function untilAllDoubt(nodes: readonly TestNode[]): Promise<void> {
  await waitFor(() => nodes.every(({ lease }) => !lease.held), { what: 'all nodes to doubt' });
}

test('updates while Redis is away report the state on all nodes, even if it comes back empty', async () => {
  await using all = await scene();
  const [a, b] = all.nodes;
  const pcs = await openWith(a, PHONES, 'windows');
  const logins = a.newLink();
  a.presence.openLink(logins, { standby: false });
  await openWith(b, PHONES, 'ios');
  await openWith(b, [1_000], 'windows');
  await all.server.kill();
  await untilAllDoubt(all.nodes);
  for (const user of PHONES) await updateOf(a.presence, pcs, client(user, 'windows', 'offline'));
  await updateOf(a.presence, logins, client(1_000, 'android', 'online'));
  await all.server.startAgain();
  await waitFor(() => a.lateCommits.length === PHONES.length + 1, {
    deadlineMs: 15_000,
    what: 'all late commits',
  });
  const states = Map.groupBy(a.lateCommits, ({ state }) => state);
  expect(states.get('mobile-only')?.length).toBe(PHONES.length);
  expect(states.get('pc')?.map(({ update }) => update.userId)).toEqual([1_000]);
});

test('the first update after an undetected emptying of Redis reports the state on all nodes', async () => {
  await using all = await scene();
  const [a, b] = all.nodes;
  const pcs = await openWith(a, [1], 'windows');
  await openWith(b, [1], 'ios');
  await b.redis.flushall();
  const outcome = await updateOf(a.presence, pcs, client(1, 'windows', 'offline'));
  expect(outcome).toEqual({ kind: 'later' });
  await waitFor(() => a.lateCommits.length > 0, { deadlineMs: 15_000, what: 'the late commit' });
  expect(a.lateCommits).toMatchObject([{ state: 'mobile-only' }]);
});

test('links closed since the snapshot of a Redis that is rolled back are released at once', async () => {
  await using all = await scene();
  const [a, b] = all.nodes;
  const link = await openWith(a, PHONES, 'windows');
  await openWith(b, [1_000], 'windows');
  const admin = await connect(all.server.url);
  await admin.save();
  admin.disconnect();
  a.presence.closeLink(link, 'release');
  await a.settled();
  await all.server.kill();
  await untilAllDoubt(all.nodes);
  await all.server.startAgain();
  for (const node of all.nodes) await node.settled();
  const { records, contradictions } = await readStored(b.redis, NAMESPACE);
  expect(contradictions).toEqual([]);
  expect([...records.keys()]).toEqual([1_000]);
});

test('users of an ended link are announced once even if Redis is emptied within the grace', async () => {
  await using all = await scene({ offlineGraceMs: 1_000 });
  const [a, b] = all.nodes;
  const link = await openWith(a, PHONES, 'windows');
  a.presence.closeLink(link, 'release');
  await a.settled();
  await openWith(b, [3], 'windows');
  await b.redis.flushall();
  await waitFor(() => all.nodes.every(({ leaseEvents }) => leaseEvents.length >= 3), {
    what: 'both nodes to find that Redis was emptied',
  });
  for (const node of all.nodes) await node.settled();
  const announce = (): Promise<unknown> => Promise.all([a.lost.look(), b.lost.look()]);
  const announced = (): number[] => [a, b].flatMap((n) => n.announced.map((u) => u.userId));
  const expected = PHONES.filter((user) => user !== 3);
  await waitFor(
    async () => {
      await announce();
      return announced().length >= expected.length;
    },
    { what: 'all to be announced' },
  );
  // As the node receives the announcements of the other node over the bus.
  for (const { userId, version } of b.announced) {
    a.presence.announced(userId, 'grace-over', version);
  }
  a.lease.markLost('a test');
  await a.settled();
  await announce();
  expect(announced().toSorted((x, y) => x - y)).toEqual(expected);
});

test('users announced offline before Redis was emptied are announced online once when a snapshot lists them', async () => {
  await using all = await scene({ offlineGraceMs: 500 });
  const [a, b] = all.nodes;
  a.presence.closeLink(await openWith(a, [1, 2, 3], 'windows'), 'release');
  await waitFor(
    async () => {
      await a.lost.look();
      return a.announced.length === 3;
    },
    { what: 'three users to be announced' },
  );
  const [announced] = a.announced;
  const emptied = async (): Promise<void> => {
    await b.redis.flushall();
    for (const node of all.nodes) node.lease.markLost('a test');
    for (const node of all.nodes) await node.settled();
    // A node does this when presence is settled.
    a.lost.start();
  };
  // Before the announcing node stores its announcements again, and after it.
  await emptied();
  await openWith(b, [1], 'windows');
  await a.lost.look();
  expect(a.back.map(({ update }) => update)).toEqual([client(1, 'windows', 'online')]);
  // The correction must have a later version than the announcement, or the links would drop it.
  expect(a.back[0]?.version).toBeGreaterThan(announced?.version ?? Number.POSITIVE_INFINITY);
  a.presence.announced(1, 'there', a.back[0]?.version ?? 0);
  await openWith(b, [2], 'windows');
  await waitFor(() => b.back.length > 0, { what: 'the other node to find that a user is back' });
  expect(b.back.map(({ update }) => update.userId)).toEqual([2]);
  a.presence.announced(2, 'there', b.back[0]?.version ?? 0);
  await emptied();
  await a.lost.look();
  await openWith(b, [1, 2], 'ios');
  expect([a.back.length, b.back.length]).toEqual([1, 1]);
});

test('no live node is reaped after Redis was away, with its data, for longer than the lease', async () => {
  await using all = await scene({ leaseMs: 5_000 });
  const [a, b] = all.nodes;
  const link = await openWith(a, [1], 'windows');
  await openWith(b, PHONES, 'windows');
  await all.server.pause();
  await untilAllDoubt(all.nodes);
  a.advance(10_000);
  b.advance(10_000);
  await all.server.unpause();
  // The other node has not reconnected yet.
  b.lease.stop();
  await waitFor(() => a.lease.held, { what: 'the first node to be back' });
  await a.reaper.sweep().catch(() => {});
  expect(await queryOf(a.presence, link, PHONES)).toEqual(PHONES.map(() => 1));
  b.lease.start();
  await b.settled();
  await a.settled();
  await a.reaper.sweep();
  expect(a.reaped).toEqual([]);
  expect(await queryOf(a.presence, link, PHONES)).toEqual(PHONES.map(() => 1));
});

test('a node whose shards were reaped while it slept asserts them before it commits anything', async () => {
  await using all = await scene();
  const [a, b] = all.nodes;
  const link = await openWith(a, [1, 2], 'windows');
  for (const { meta } of presenceKeys(NAMESPACE)) await b.redis.hdel(meta, a.nodeId);
  expect(await updateOf(a.presence, link, client(1, 'ios', 'online'))).toEqual({ kind: 'later' });
  await waitFor(() => a.lateCommits.length > 0, { deadlineMs: 15_000, what: 'the late commit' });
  expect(await queryOf(b.presence, b.newLink(), [1, 2])).toEqual([1, 1]);
});
