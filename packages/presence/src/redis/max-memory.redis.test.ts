import { startPrivateRedis, waitFor } from '@route/fixtures';
import { USER_STATUS } from '@route/protocol';
import { type RedisClient, shardOf } from '@route/redis';
import { expect, test } from 'vitest';
import type { LinkId } from '../presence.ts';
import { client, queryOf, updateOf } from '../testing/asking.ts';
import { connect, startLiveNode, type TestNode } from '../testing/node.ts';
import { readStored } from '../testing/stored.ts';

const NAMESPACE = 'route';
/** Bytes that any server uses. */
const FULL = '500000';
const IGNORE = { updated: (): void => {} };
const USERS = Array.from({ length: 2_000 }, (_, i) => i);

test('at maxmemory, calls that free memory succeed: clients that go, links that end, dead nodes', async () => {
  await using server = await startPrivateRedis();
  const admin = await connect(server.url);
  const options = { url: server.url, namespace: NAMESPACE, leaseMs: 2_000 };
  await using node = await startLiveNode(options);
  await using dead = await startLiveNode(options);
  for (const each of [node, dead]) {
    const link = each.newLink();
    each.presence.openLink(link, { standby: false });
    each.presence.addClients(
      link,
      USERS.map((id) => client(id, 'windows', 'online')),
    );
    await each.settled();
  }
  const own = `${node.nodeId}.0`;
  await admin.config('SET', 'maxmemory', FULL);
  await admin.config('SET', 'maxmemory-policy', 'noeviction');
  expect(await updateOf(node.presence, own, client(1, 'windows', 'offline'))).toMatchObject({
    kind: 'committed',
  });
  node.presence.closeLink(own, 'release');
  await node.settled();
  dead.lease.stop();
  await waitFor(() => node.members().dead.includes(dead.nodeId), { what: 'the lease to end' });
  await node.reaper.sweep();
  expect(node.reaped).toMatchObject([{ nodeId: dead.nodeId, usersLost: USERS.length }]);
  expect((await readStored(admin, NAMESPACE)).records.size).toBe(0);
  expect(node.leaseEvents).toEqual(['taken']);
  admin.disconnect();
});

/** A server at maxmemory with the users of two nodes, whose entries it refuses from now on. */
async function fullScene(): Promise<FullScene> {
  const server = await startPrivateRedis();
  const admin = await connect(server.url);
  const options = { url: server.url, namespace: NAMESPACE, leaseMs: 2_000 };
  const nodes = [await startLiveNode(options), await startLiveNode(options)] as const;
  return {
    admin,
    nodes,
    fill: async () => {
      await admin.config('SET', 'maxmemory', FULL);
      await admin.config('SET', 'maxmemory-policy', 'noeviction');
    },
    records: async () => (await readStored(admin, NAMESPACE)).records,
    [Symbol.asyncDispose]: async () => {
      for (const node of nodes) await node[Symbol.asyncDispose]();
      admin.disconnect();
      await server[Symbol.asyncDispose]();
    },
  };
}

interface FullScene extends AsyncDisposable {
  readonly admin: RedisClient;
  readonly nodes: readonly [TestNode, TestNode];
  fill(): Promise<void>;
  records(): Promise<ReadonlyMap<number, readonly string[]>>;
}

function openLink(node: TestNode, userIds: readonly number[]): LinkId {
  const link = node.newLink();
  node.presence.openLink(link, { standby: false });
  const clients = userIds.map((id) => client(id, 'windows', 'online'));
  node.presence.addClients(link, clients);
  return link;
}

test('at maxmemory, many links that end in one shard are taken out within 3 s while entries are refused', async () => {
  await using scene = await fullScene();
  const [node] = scene.nodes;
  const users = USERS.filter((id) => shardOf(id) === 0);
  const links = Array.from({ length: 60 }, () => openLink(node, users));
  await node.settled();
  await scene.fill();
  const newUsers = USERS.map((id) => 10_000 + id);
  const stays = openLink(node, newUsers);
  await waitFor(() => node.leaseEvents.includes('full'), { what: 'the entries to be refused' });
  for (const link of links) node.presence.closeLink(link, 'release');
  await waitFor(async () => (await scene.records()).size === 0, {
    what: 'the users of the links to go',
    deadlineMs: 3_000,
  });
  expect(node.leaseEvents).toEqual(['taken', 'full']);
  await scene.admin.config('SET', 'maxmemory', '0');
  await node.settled();
  expect(await scene.records()).toEqual(new Map(newUsers.map((id) => [id, [`${stays}=w1`]])));
  await waitFor(() => node.leaseEvents.at(-1) === 'not full', { what: 'the end to be reported' });
});

test.each(['before', 'since'])(
  'at maxmemory, clients on open links go offline while others are refused, with a lease from %s then',
  async (taken) => {
    await using scene = await fullScene();
    const [node, other] = scene.nodes;
    const link = openLink(node, [1, 2, 3]);
    await node.settled();
    await scene.fill();
    const refused = USERS.map((id) =>
      updateOf(node.presence, link, client(10_000 + id, 'ios', 'online')),
    );
    const outcomes = await Promise.all(refused);
    expect(new Set(outcomes.map(({ kind }) => kind))).toEqual(new Set(['later']));
    if (taken === 'since') {
      // The node asserts its links again, and Redis refuses that too.
      node.lease.markLost('a connection that was lost');
      await waitFor(() => node.leaseEvents.filter((event) => event === 'taken').length === 2, {
        what: 'the lease to be taken again',
      });
    }
    // A client that has returned, and one that has gone, come and gone again.
    const offline = client(1, 'windows', 'offline');
    const outcome = updateOf(node.presence, link, offline);
    node.presence.update(link, client(2, 'windows', 'offline'), IGNORE);
    node.presence.update(link, client(2, 'windows', 'online'), IGNORE);
    node.presence.update(link, client(3, 'windows', 'offline'), IGNORE);
    node.presence.update(link, client(3, 'windows', 'online'), IGNORE);
    node.presence.update(link, client(3, 'windows', 'offline'), IGNORE);
    await waitFor(
      async () => {
        const records = await scene.records();
        return !records.has(1) && !records.has(3);
      },
      { what: 'the users to be gone from Redis', deadlineMs: 3_000 },
    );
    expect(await queryOf(other.presence, openLink(other, []), [1, 3])).toEqual([0, 0]);
    expect(await queryOf(node.presence, link, [1, 2, 3])).toEqual([0, 1, 0]);
    const isTold = (): boolean | Promise<boolean> =>
      taken === 'before'
        ? true
        : node.lateCommits.some(({ update, state }) => update === offline && state === 'gone');
    await waitFor(isTold, { what: 'the commit to be reported', deadlineMs: 3_000 });
    if (taken === 'before')
      expect(await outcome).toMatchObject({ kind: 'committed', state: 'gone' });
    // Enough time for several attempts, none of which may bring a client back.
    expect(node.lateCommits.filter(({ update }) => update.status === USER_STATUS.online)).toEqual(
      [],
    );
    await scene.admin.config('SET', 'maxmemory', '0');
    await node.settled();
    const records = new Map(USERS.map((id) => [10_000 + id, [`${link}=i1`]]));
    expect(await scene.records()).toEqual(records.set(2, [`${link}=w1`]));
    // Each client that came is reported once.
    const came = node.lateCommits.filter(({ update }) => update.status === USER_STATUS.online);
    const ids = came.map(({ update }) => update.userId).sort((a, b) => a - b);
    expect(ids).toEqual([2, ...USERS.map((id) => 10_000 + id)]);
  },
);
