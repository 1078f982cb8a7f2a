import { sharedRedisUrl, uniqueNamespace, waitFor } from '@route/fixtures';
import { expect, test } from 'vitest';
import type { LinkId } from '../presence.ts';
import { nodesKeys } from '../redis/keys.ts';
import { client, queryOf, stateOf, updateOf } from '../testing/asking.ts';
import { reconcileAll, startLiveNode, type TestNode } from '../testing/node.ts';
import { readStored } from '../testing/stored.ts';
import { Reaper } from './reaper.ts';

const USERS = Array.from({ length: 300 }, (_, i) => i * 7);
const ONE = 7;

function live(namespace: string): Promise<TestNode> {
  return startLiveNode({ url: sharedRedisUrl(), namespace, leaseMs: 1_000 });
}

/** Opens a link with a PC client of each user. */
async function openWithUsers(node: TestNode): Promise<LinkId> {
  const link = node.newLink();
  node.presence.openLink(link, { standby: false });
  node.presence.addClients(
    link,
    USERS.map((id) => client(id, 'windows', 'online')),
  );
  await node.settled();
  return link;
}

async function untilDead(node: TestNode, seenBy: TestNode): Promise<void> {
  await waitFor(() => seenBy.members().dead.includes(node.nodeId), { what: 'the lease to end' });
}

test("a dead node's links are removed, and no others", async () => {
  const namespace = uniqueNamespace();
  await using dead = await live(namespace);
  await using other = await live(namespace);
  await openWithUsers(dead);
  await openWithUsers(dead);
  const link = other.newLink();
  other.presence.openLink(link, { standby: false });
  await updateOf(other.presence, link, client(ONE, 'windows', 'online'));
  dead.lease.stop();
  await untilDead(dead, other);
  await other.reaper.sweep();
  const usersLost = USERS.length - 1;
  expect(other.reaped).toEqual([{ nodeId: dead.nodeId, links: 2, usersLost }]);
  const stored = await readStored(other.redis, namespace);
  expect(stored.contradictions).toEqual([]);
  expect(stored.records).toEqual(new Map([[ONE, [`${link}=w1`]]]));
  expect(stored.stamped).toEqual(new Set([other.nodeId]));
});

test('a node that dies is swept without a call', async () => {
  const namespace = uniqueNamespace();
  await using dead = await live(namespace);
  await using other = await live(namespace);
  await openWithUsers(dead);
  other.reaper.start();
  dead.lease.stop();
  await untilDead(dead, other);
  other.reaper.members(other.members());
  await waitFor(() => other.reaped.length > 0, { what: 'the sweep' });
  expect((await readStored(other.redis, namespace)).records.size).toBe(0);
});

test('a sweep does not touch a live node', async () => {
  const namespace = uniqueNamespace();
  await using alive = await live(namespace);
  await using other = await live(namespace);
  await openWithUsers(alive);
  await other.reaper.sweep();
  expect(other.reaped).toEqual([]);
  expect((await readStored(other.redis, namespace)).records.size).toBe(USERS.length);
});

test('a node that wakes up and writes after a sweep has read its stamp keeps its users', async () => {
  const namespace = uniqueNamespace();
  await using sleeper = await live(namespace);
  await using other = await live(namespace);
  const link = sleeper.newLink();
  sleeper.presence.openLink(link, { standby: false });
  await updateOf(sleeper.presence, link, client(ONE, 'windows', 'online'));
  const failures: string[] = [];
  const reaper = new Reaper({
    redis: other.redis,
    namespace,
    readMembers: async () => {
      await updateOf(sleeper.presence, link, client(ONE, 'ios', 'online'));
      return { live: [other.nodeId], dead: [sleeper.nodeId], nodes: [], malformed: 0 };
    },
    reaped: () => {},
    failed: (reason) => failures.push(reason),
    offlineGraceMs: 0,
    sweepEveryMs: 1_000,
    random: () => 0,
  });
  await reaper.sweep();
  expect(failures).toEqual([]);
  expect((await readStored(other.redis, namespace)).records).toEqual(
    new Map([[ONE, [`${link}=w1i1`]]]),
  );
});

test('a node without a known lease is reaped only after the length of a lease', async () => {
  const namespace = uniqueNamespace();
  await using unknown = await live(namespace);
  const url = sharedRedisUrl();
  await using other = await startLiveNode({ url, namespace, leaseMs: 5_000 });
  await openWithUsers(unknown);
  unknown.lease.stop();
  await other.redis.zrem(nodesKeys(namespace).members, unknown.nodeId);
  await other.reaper.sweep();
  other.advance(3_000);
  await other.reaper.sweep();
  expect(other.reaped).toEqual([]);
  other.advance(3_000);
  await other.reaper.sweep();
  expect(other.reaped).toMatchObject([{ nodeId: unknown.nodeId, usersLost: USERS.length }]);
  expect((await readStored(other.redis, namespace)).records.size).toBe(0);
});

test('a failed sweep is retried soon, not after the sweep interval', async () => {
  const namespace = uniqueNamespace();
  await using dead = await live(namespace);
  await using other = await live(namespace);
  await openWithUsers(dead);
  dead.lease.stop();
  await untilDead(dead, other);
  const failures: string[] = [];
  const reaped: string[] = [];
  const reaper = new Reaper({
    redis: other.redis,
    namespace,
    readMembers: (found) =>
      failures.length === 0
        ? Promise.reject(new Error('no answer'))
        : other.lease.readMembers(found),
    reaped: ({ nodeId }) => reaped.push(nodeId),
    failed: (reason) => failures.push(reason),
    offlineGraceMs: 0,
    sweepEveryMs: 3_600_000,
    random: () => 0,
  });
  reaper.start();
  await waitFor(() => reaped.length > 0, { what: 'the second sweep' });
  reaper.stop();
  expect({ failures, reaped }).toEqual({ failures: ['no answer'], reaped: [dead.nodeId] });
});

test('two nodes that sweep at once leave nothing and count no user twice', async () => {
  const namespace = uniqueNamespace();
  await using dead = await live(namespace);
  await using b = await live(namespace);
  await using c = await live(namespace);
  await openWithUsers(dead);
  dead.lease.stop();
  await untilDead(dead, b);
  await Promise.all([b.reaper.sweep(), c.reaper.sweep()]);
  const stored = await readStored(b.redis, namespace);
  expect(stored).toEqual({
    ...{ records: new Map(), contradictions: [] },
    stamped: new Set([b.nodeId, c.nodeId]),
  });
  const lost = [...b.reaped, ...c.reaped].reduce((sum, { usersLost }) => sum + usersLost, 0);
  expect(lost).toBe(USERS.length);
});

test('a node that was reaped while it slept asserts everything again', async () => {
  const namespace = uniqueNamespace();
  await using sleeper = await live(namespace);
  await using other = await live(namespace);
  const link = await openWithUsers(sleeper);
  sleeper.lease.stop();
  await untilDead(sleeper, other);
  await other.reaper.sweep();
  expect(await stateOf(other.presence, ONE)).toBe('gone');
  sleeper.lease.start();
  await sleeper.settled();
  expect(await queryOf(other.presence, other.newLink(), USERS)).toEqual(USERS.map(() => 1));
  sleeper.presence.closeLink(link, 'release');
  await sleeper.settled();
  const stored = await readStored(other.redis, namespace);
  expect(stored.records.size).toBe(0);
  expect(stored.contradictions).toEqual([]);
});

test('a lingering link outlasts an emptied Redis and reconciliation, and is removed with its node if that dies', async () => {
  const namespace = uniqueNamespace();
  await using node = await startLiveNode({
    url: sharedRedisUrl(),
    namespace,
    leaseMs: 1_000,
    lingerMs: 60_000,
  });
  await using other = await live(namespace);
  const link = await openWithUsers(node);
  node.presence.closeLink(link, 'linger');
  await reconcileAll(node);
  await node.settled();
  expect(await stateOf(other.presence, ONE)).toBe('pc');
  await other.redis.del(...(await other.redis.keys(`${namespace}:*:users`)));
  node.presence.resync();
  await node.settled();
  expect(await stateOf(other.presence, ONE)).toBe('pc');
  node.lease.stop();
  await untilDead(node, other);
  await other.reaper.sweep();
  expect(await stateOf(other.presence, ONE)).toBe('gone');
});
