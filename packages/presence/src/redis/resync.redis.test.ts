import { type PrivateRedisServer, startPrivateRedis, waitFor } from '@route/fixtures';
import type { RedisClient } from '@route/redis';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { UpdateWaiter } from '../presence.ts';
import { client, committed, queryOf, stateOf, updateOf } from '../testing/asking.ts';
import { PresenceModel } from '../testing/model.ts';
import { connect, reconcileAll, startLiveNode, type TestNode } from '../testing/node.ts';
import { readStored } from '../testing/stored.ts';

const NAMESPACE = 'route';
const USERS = Array.from({ length: 1_000 }, (_, i) => i);

interface Scene {
  readonly admin: RedisClient;
  readonly nodes: readonly TestNode[];
  readonly model: PresenceModel;
}

/** Two nodes with two links each. Neighbouring links share users. */
async function scene(server: PrivateRedisServer, stack: AsyncDisposableStack): Promise<Scene> {
  const nodes: TestNode[] = [];
  const model = new PresenceModel();
  const admin = await connect(server.url);
  stack.defer(() => admin.disconnect());
  for (let i = 0; i < 2; i++) {
    const options = { url: server.url, namespace: NAMESPACE, leaseMs: 1_000 };
    const node = stack.use(await startLiveNode(options));
    nodes.push(node);
    for (let j = 0; j < 2; j++) {
      const link = node.newLink();
      const type = j === 0 ? 'windows' : 'ios';
      const users = USERS.filter((id) => id % 4 === i || id % 4 === j + 1);
      const entries = users.map((id) => client(id, type, 'online'));
      node.presence.openLink(link, { standby: false });
      node.presence.addClients(link, entries);
      model.open(link, false);
      model.snapshot(link, entries);
    }
  }
  for (const node of nodes) await node.settled();
  return { admin, nodes, model };
}

async function untilModel({ admin, model, nodes }: Scene): Promise<void> {
  const expected = [...model.records()].sort(([a], [b]) => a - b);
  const isSame = async (): Promise<boolean> => {
    const { records, contradictions } = await readStored(admin, NAMESPACE);
    const found = [...records].sort(([a], [b]) => a - b);
    return contradictions.length === 0 && JSON.stringify(found) === JSON.stringify(expected);
  };
  await waitFor(isSame, { deadlineMs: 10_000, what: 'Redis to hold what the model says' });
  for (const { presence, newLink } of nodes) {
    const expectedOnline = USERS.map((id) => (model.state(id) === 'pc' ? 1 : 0));
    expect(await queryOf(presence, newLink(), USERS)).toEqual(expectedOnline);
  }
}

test('an emptied Redis is filled again as soon as a node finds its lease missing', async () => {
  await using server = await startPrivateRedis();
  await using stack = new AsyncDisposableStack();
  const all = await scene(server, stack);
  await all.admin.flushall();
  await untilModel(all);
});

test('a Redis that restarts empty is filled again', async () => {
  await using server = await startPrivateRedis();
  await using stack = new AsyncDisposableStack();
  const all = await scene(server, stack);
  all.admin.disconnect();
  await server.restart({ empty: true });
  await using again = new AsyncDisposableStack();
  const admin = await connect(server.url);
  again.defer(() => admin.disconnect());
  await untilModel({ ...all, admin });
});

test('a Redis that was rolled back becomes current again, without the links closed since', async () => {
  await using server = await startPrivateRedis();
  await using stack = new AsyncDisposableStack();
  const { admin: before, nodes, model } = await scene(server, stack);
  await before.save();
  const [a, b] = nodes;
  if (a === undefined || b === undefined) throw new Error('the scene has two nodes');
  a.presence.closeLink(`${a.nodeId}.0`, 'release');
  model.close(`${a.nodeId}.0`);
  for (const userId of USERS.slice(0, 100)) {
    const update = client(userId, 'ios', 'offline');
    model.update(`${b.nodeId}.1`, update);
    b.presence.update(`${b.nodeId}.1`, update, { updated: () => {} });
  }
  for (const node of nodes) await node.settled();
  before.disconnect();
  await server.kill();
  await waitFor(() => nodes.every((node) => !node.lease.held), { what: 'both to doubt' });
  await server.startAgain();
  const admin = await connect(server.url);
  stack.defer(() => admin.disconnect());
  await waitFor(() => nodes.every((node) => node.lease.held), { what: 'both leases' });
  await untilModel({ admin, nodes, model });
});

test('updates while Redis is away are answered later and reported when committed', async () => {
  await using server = await startPrivateRedis();
  await using stack = new AsyncDisposableStack();
  const { nodes } = await scene(server, stack);
  const [a, b] = nodes;
  if (a === undefined || b === undefined) throw new Error('the scene has two nodes');
  await server.kill();
  await waitFor(() => !a.lease.held, { what: 'the doubt' });
  const link = a.newLink();
  a.presence.openLink(link, { standby: false });
  const updates = [
    client(5_000, 'windows', 'online'),
    client(5_000, 'windows', 'leave'),
    client(5_001, 'mac', 'online'),
    client(5_001, 'mac', 'offline'),
  ];
  for (const update of updates) {
    expect(await updateOf(a.presence, link, update)).toEqual({ kind: 'later' });
  }
  expect(await queryOf(a.presence, link, [5_000, 5_001, 5_002])).toEqual([1, 0, 0]);
  await server.startAgain();
  await waitFor(() => a.lateCommits.length === 2, { what: 'both late commits' });
  // The two users belong to different shards, so their commits have no order.
  const byUser = a.lateCommits.toSorted((x, y) => x.update.userId - y.update.userId);
  expect(byUser).toMatchObject([
    { update: updates[1], state: 'pc' },
    { update: updates[3], state: 'gone' },
  ]);
  await b.settled();
  expect(await stateOf(b.presence, 5_000)).toBe('pc');
});

test('an update is not answered twice when its waiter suspends the engine', async () => {
  await using server = await startPrivateRedis();
  await using stack = new AsyncDisposableStack();
  const { nodes } = await scene(server, stack);
  const [a] = nodes;
  if (a === undefined) throw new Error('the scene has two nodes');
  const link = a.newLink();
  a.presence.openLink(link, { standby: false });
  const answers: string[] = [];
  for (let i = 0; i < 3; i++) {
    a.presence.update(link, client(5_000, 'windows', 'online'), {
      updated: (_, { kind }) => {
        answers.push(kind);
        a.presence.suspended();
      },
    });
  }
  await waitFor(() => answers.length >= 3, { what: 'the answers' });
  a.lease.markLost('a test');
  await a.settled();
  expect(answers).toEqual(['committed', 'committed', 'committed']);
  expect(a.lateCommits).toEqual([]);
});

test('a late OFFLINE reports the state on other links of the node before they are asserted', async () => {
  await using server = await startPrivateRedis();
  await using stack = new AsyncDisposableStack();
  const { nodes, admin } = await scene(server, stack);
  const [a] = nodes;
  if (a === undefined) throw new Error('the scene has two nodes');
  const [first, second] = [a.newLink(), a.newLink()];
  for (const link of [first, second]) {
    a.presence.openLink(link, { standby: false });
    committed(await updateOf(a.presence, link, client(5_000, 'windows', 'online')));
  }
  a.presence.suspended();
  const outcome = await updateOf(a.presence, first, client(5_000, 'windows', 'offline'));
  expect(outcome).toEqual({ kind: 'later' });
  await admin.flushall();
  a.lease.markLost('a test');
  await waitFor(() => a.lateCommits.length === 1, { what: 'the late commit' });
  expect(a.lateCommits).toMatchObject([{ state: 'pc' }]);
});

// Regression: a confirmation deferred like an update was replaced by the OFFLINE of its client.
test('a user confirmed while Redis is away is confirmed by a client still online when Redis is back', async () => {
  await using server = await startPrivateRedis();
  await using stack = new AsyncDisposableStack();
  const { nodes } = await scene(server, stack);
  const [a] = nodes;
  if (a === undefined) throw new Error('the scene has two nodes');
  const [first, second] = [a.newLink(), a.newLink()];
  a.presence.openLink(first, { standby: false });
  a.presence.openLink(second, { standby: false });
  await updateOf(a.presence, first, client(5_000, 'windows', 'online'));
  await updateOf(a.presence, first, client(5_001, 'windows', 'online'));
  await updateOf(a.presence, second, client(5_000, 'mac', 'online'));
  a.presence.suspended();
  const told: unknown[] = [];
  for (const userId of [5_000, 5_001]) {
    const waiter: UpdateWaiter = { updated: (update, { kind }) => told.push({ update, kind }) };
    a.presence.confirm(userId, waiter, 'pc');
    await updateOf(a.presence, first, client(userId, 'windows', 'offline'));
  }
  a.lease.markLost('a test');
  await a.settled();
  expect(told).toEqual([{ update: client(5_000, 'mac', 'online'), kind: 'committed' }]);
});

test('reconciliation restores every link and user whatever keys Redis loses', async () => {
  await using server = await startPrivateRedis();
  await fc.assert(
    fc.asyncProperty(fc.array(fc.nat(), { maxLength: 150 }), fc.nat(3), async (picks, closing) => {
      await using stack = new AsyncDisposableStack();
      const all = await scene(server, stack);
      const keys = (await all.admin.keys(`${NAMESPACE}:*`)).sort();
      for (const pick of picks) await all.admin.del(keys[pick % keys.length] ?? '');
      // A link that closes now is not found if its set of users, or the set of links, is lost.
      const node = all.nodes[closing % 2];
      const link = `${node?.nodeId}.${closing >> 1}`;
      node?.presence.closeLink(link, 'release');
      all.model.close(link);
      await Promise.all(all.nodes.map((each) => each.settled()));
      for (const each of all.nodes) await reconcileAll(each);
      await untilModel(all);
      await all.admin.flushall();
    }),
    { numRuns: 6, endOnFailure: true },
  );
}, 60_000);

test('records of a dead node in a Redis that has lost its links are reaped after reconciliation', async () => {
  await using server = await startPrivateRedis();
  await using stack = new AsyncDisposableStack();
  const { admin, nodes, model } = await scene(server, stack);
  const [dead, other] = nodes;
  if (dead === undefined || other === undefined) throw new Error('the scene has two nodes');
  dead.lease.stop();
  const lost = (await admin.keys(`${NAMESPACE}:*`)).filter((key) => /links$|link-users:/.test(key));
  await admin.del(lost);
  await waitFor(() => other.members().dead.includes(dead.nodeId), { what: 'the lease to end' });
  await other.reaper.sweep();
  await reconcileAll(other);
  await other.reaper.sweep();
  for (const link of [0, 1]) model.close(`${dead.nodeId}.${link}`);
  await untilModel({ admin, nodes: [other], model });
});

test('a reconciler continues from shard to shard until it is stopped', async () => {
  await using server = await startPrivateRedis();
  await using stack = new AsyncDisposableStack();
  const all = await scene(server, stack);
  const lost = (await all.admin.keys(`${NAMESPACE}:*`)).filter((key) => /users$/.test(key));
  await all.admin.del(lost);
  for (const { reconciler } of all.nodes) reconciler.start();
  await untilModel(all);
});
