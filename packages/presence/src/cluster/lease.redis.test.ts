import { setImmediate } from 'node:timers/promises';
import { sharedRedisUrl, uniqueNamespace, waitFor } from '@route/fixtures';
import { expect, test } from 'vitest';
import { nodesKeys } from '../redis/keys.ts';
import { client, updateOf } from '../testing/asking.ts';
import { startLiveNode, startNode, type TestNode } from '../testing/node.ts';
import { TroubledProxy } from '../testing/troubled-proxy.ts';

async function untilTold(node: TestNode, events: readonly string[]): Promise<void> {
  await waitFor(() => node.leaseEvents.join() === events.join(), { what: events.join() });
}

/** Simulates a node that slept until another node considered it dead. */
async function endLease(node: TestNode, namespace: string): Promise<void> {
  await node.redis.zrem(nodesKeys(namespace).members, node.nodeId);
}

test('a node acquires its lease and sees the other live nodes', async () => {
  const namespace = uniqueNamespace();
  await using a = await startLiveNode({ url: sharedRedisUrl(), namespace });
  await using b = await startLiveNode({ url: sharedRedisUrl(), namespace });
  expect(a.leaseEvents).toEqual(['taken']);
  await waitFor(() => a.members().live.length === 2, { what: 'both to live' });
  expect(new Set(a.members().live)).toEqual(new Set([a.nodeId, b.nodeId]));
  expect(await a.lease.readMembers()).toMatchObject({ live: expect.any(Array), dead: [] });
});

test('a lease without renewals expires, and its node counts as dead', async () => {
  const namespace = uniqueNamespace();
  await using a = await startLiveNode({ url: sharedRedisUrl(), namespace, leaseMs: 300 });
  await using b = await startLiveNode({ url: sharedRedisUrl(), namespace, leaseMs: 300 });
  a.lease.stop();
  expect(a.lease.held).toBe(false);
  await waitFor(() => b.members().dead.includes(a.nodeId), { what: 'the lease to run out' });
  expect(b.members().live).toEqual([b.nodeId]);
  a.lease.start();
  await untilTold(a, ['taken', 'taken']);
});

test('each node knows the info of the others as of their last renewal', async () => {
  const namespace = uniqueNamespace();
  await using a = await startLiveNode({ url: sharedRedisUrl(), namespace });
  await using b = await startLiveNode({ url: sharedRedisUrl(), namespace });
  b.about.links = 7;
  await waitFor(() => a.members().nodes.find(({ node }) => node === b.nodeId)?.links === 7, {
    what: 'what the other says',
  });
  expect(
    a
      .members()
      .nodes.map(({ node }) => node)
      .sort(),
  ).toEqual([a.nodeId, b.nodeId].sort());
});

test('the info of a node is removed with its lease', async () => {
  const namespace = uniqueNamespace();
  await using a = await startLiveNode({ url: sharedRedisUrl(), namespace, leaseMs: 300 });
  await using b = await startLiveNode({ url: sharedRedisUrl(), namespace, leaseMs: 300 });
  const { info } = nodesKeys(namespace);
  a.lease.stop();
  await b.redis.hset(info, 'nobody', '{}');
  await waitFor(() => b.members().dead.includes(a.nodeId), { what: 'the lease to run out' });
  await b.lease.readMembers();
  expect(await b.redis.hkeys(info)).toEqual([b.nodeId]);
  expect((await b.lease.readMembers()).nodes).toEqual([{ ...b.about, leaseMs: 300 }]);
});

test('a live node that publishes another info format still counts as alive', async () => {
  const namespace = uniqueNamespace();
  await using node = await startLiveNode({ url: sharedRedisUrl(), namespace });
  const { members, info } = nodesKeys(namespace);
  await node.redis.zadd(members, 1, 'later');
  await node.redis.hset(info, 'later', JSON.stringify({ is: 'node', links: '7' }));
  const { live, nodes, malformed } = await node.lease.readMembers();
  expect(malformed).toBe(1);
  expect(live.toSorted()).toEqual([node.nodeId, 'later'].sort());
  expect(nodes).toEqual([{ ...node.about, leaseMs: 5_000 }]);
});

test('a released lease leaves nothing, even during a renewal', async () => {
  const namespace = uniqueNamespace();
  await using proxy = await TroubledProxy.to(sharedRedisUrl());
  await using node = await startLiveNode({ url: proxy.url, namespace });
  await using other = await startLiveNode({ url: sharedRedisUrl(), namespace });
  await waitFor(() => other.members().live.length === 2, { what: 'both to live' });
  proxy.holdReplies();
  const renewal = node.lease.readMembers();
  const again = node.lease.readMembers().catch(() => undefined);
  await setImmediate();
  const givenBack = node.lease.release();
  expect(node.lease.held).toBe(false);
  proxy.flow();
  await Promise.all([renewal, again, givenBack]);
  const { members, info, asserted } = nodesKeys(namespace);
  expect(await other.redis.zrange(members, 0, '-1')).toEqual([other.nodeId]);
  expect(await other.redis.hkeys(info)).toEqual([other.nodeId]);
  expect(await other.redis.hkeys(asserted)).toEqual([other.nodeId]);
  expect(node.lease.held).toBe(false);
});

test('a node that finds its lease ended acquires it again and reports it', async () => {
  const namespace = uniqueNamespace();
  await using node = await startLiveNode({ url: sharedRedisUrl(), namespace, leaseMs: 1_000 });
  await endLease(node, namespace);
  await untilTold(node, ['taken', 'doubted', 'taken']);
});

test('a sweep that reads the members still reveals that the own lease had ended', async () => {
  const namespace = uniqueNamespace();
  await using node = await startLiveNode({ url: sharedRedisUrl(), namespace });
  await endLease(node, namespace);
  await expect(node.lease.readMembers()).rejects.toThrow('lost the lease');
  await untilTold(node, ['taken', 'doubted', 'taken']);
});

test('a lost connection loses the lease at once, and it is acquired again after the reconnect', async () => {
  await using proxy = await TroubledProxy.to(sharedRedisUrl());
  await using node = await startLiveNode({ url: proxy.url, namespace: uniqueNamespace() });
  proxy.cut();
  await untilTold(node, ['taken', 'doubted']);
  expect(node.lease.held).toBe(false);
  await untilTold(node, ['taken', 'doubted', 'taken']);
});

test('a Redis that accepts requests and does not answer loses the lease', async () => {
  await using proxy = await TroubledProxy.to(sharedRedisUrl());
  const namespace = uniqueNamespace();
  const options = { url: proxy.url, namespace, leaseMs: 1_000, commandTimeoutMs: 200 };
  await using node = await startLiveNode(options);
  proxy.holdReplies();
  await untilTold(node, ['taken', 'doubted']);
  proxy.flow();
  await untilTold(node, ['taken', 'doubted', 'taken']);
});

test('a lease lost during a renewal stays lost after the reply', async () => {
  await using proxy = await TroubledProxy.to(sharedRedisUrl());
  const namespace = uniqueNamespace();
  await using node = await startLiveNode({ url: proxy.url, namespace, leaseMs: 500 });
  proxy.holdReplies();
  const answer = node.lease.readMembers();
  // The request is sent by the next turn of the loop.
  await setImmediate();
  node.lease.markLost('a call failed');
  proxy.flow();
  await answer;
  expect(node.leaseEvents.slice(0, 2)).toEqual(['taken', 'doubted']);
  await untilTold(node, ['taken', 'doubted', 'taken']);
});

test('a node without Redis waits for it, and markLost before that changes nothing', async () => {
  await using node = await startNode({ url: sharedRedisUrl(), namespace: uniqueNamespace() });
  node.lease.markLost('nothing was sure yet');
  expect(node.leaseEvents).toEqual([]);
  node.lease.start();
  await untilTold(node, ['taken']);
});

test.each(['9000000000000000', '+inf'])(
  'a lease that is forged to end at %s does not keep a dead node alive, nor disturb a live one',
  async (end) => {
    const namespace = uniqueNamespace();
    await using dead = await startLiveNode({ url: sharedRedisUrl(), namespace, leaseMs: 500 });
    await using other = await startLiveNode({ url: sharedRedisUrl(), namespace, leaseMs: 500 });
    await using third = await startLiveNode({ url: sharedRedisUrl(), namespace, leaseMs: 500 });
    const { members } = nodesKeys(namespace);
    const link = dead.newLink();
    dead.presence.openLink(link, { standby: false });
    await updateOf(dead.presence, link, client(7, 'windows', 'online'));
    dead.lease.stop();
    await third.redis.zadd(members, end, dead.nodeId);
    await third.redis.zadd(members, end, third.nodeId, end, 'never');
    for (const node of [dead.nodeId, 'never']) {
      await waitFor(() => other.members().dead.includes(node), { what: `${node} to be dead` });
    }
    await other.reaper.sweep();
    expect(other.reaped.map(({ nodeId }) => nodeId)).toContain(dead.nodeId);
    expect(Number(await other.redis.zscore(members, dead.nodeId))).toBeLessThan(0);
    expect(Number(await other.redis.zscore(members, 'never'))).toBeLessThan(0);
    // The live node with the forged lease acquires it anew and stays a member throughout.
    await waitFor(() => other.members().live.includes(third.nodeId), { what: 'it to live' });
    expect(other.leaseEvents).toEqual(['taken']);
    await waitFor(() => third.lease.held && third.leaseEvents.at(-1) === 'taken', {
      what: 'the lease to be held again',
    });
    expect(Number(await other.redis.zscore(members, third.nodeId))).toBeLessThan(9e15);
  },
);
