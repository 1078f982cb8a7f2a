import { ClockProxy, startPrivateRedis, waitFor } from '@route/fixtures';
import { expect, test } from 'vitest';
import { client, committed, queryOf, updateOf } from '../testing/asking.ts';
import { startLiveNode, type TestNode } from '../testing/node.ts';

const NAMESPACE = 'route';
const LEASE_MS = 3_000;

interface Scene extends AsyncDisposable {
  readonly clock: ClockProxy;
  readonly nodes: readonly [TestNode, TestNode];
  readonly flush: () => Promise<void>;
}

async function scene(offlineGraceMs: number): Promise<Scene> {
  const stack = new AsyncDisposableStack();
  const server = stack.use(await startPrivateRedis());
  const clock = stack.use(await ClockProxy.to(server.url));
  const options = { url: clock.url, namespace: NAMESPACE, leaseMs: LEASE_MS, offlineGraceMs };
  const a = stack.use(await startLiveNode(options));
  const b = stack.use(await startLiveNode(options));
  return {
    clock,
    nodes: [a, b],
    flush: async () => {
      await a.redis.flushall();
    },
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  };
}

async function openWith(node: TestNode, ...users: number[]): Promise<string> {
  const link = node.newLink();
  node.presence.openLink(link, { standby: false });
  for (const user of users) {
    committed(await updateOf(node.presence, link, client(user, 'windows', 'online')));
  }
  return link;
}

test.for([120, -120])(
  "Redis's clock set by %i s: no live node is reaped, a dead one is within its lease and 5 s",
  async (seconds) => {
    await using all = await scene(0);
    const [a, b] = all.nodes;
    await openWith(a, 1);
    const link = await openWith(b, 2);
    a.reaper.start();
    b.reaper.start();
    await all.clock.set(seconds);
    for (const node of all.nodes) await node.reaper.sweep();
    expect([...a.reaped, ...b.reaped]).toEqual([]);
    expect([a.leaseEvents, b.leaseEvents]).toEqual([['taken'], ['taken']]);
    a.lease.stop();
    a.reaper.stop();
    const died = performance.now();
    await waitFor(async () => (await queryOf(b.presence, link, [1, 2])).join() === '0,1', {
      deadlineMs: 20_000,
      what: 'the users of the dead node to go',
    });
    expect(performance.now() - died).toBeLessThan(LEASE_MS + 5_000);
  },
);

test.for([120, -120])(
  "Redis's clock set by %i s within a grace: it ends neither early nor late",
  async (seconds) => {
    await using all = await scene(2_000);
    const [a] = all.nodes;
    a.presence.closeLink(await openWith(a, 1), 'release');
    await a.settled();
    const lost = performance.now();
    await a.lost.look();
    await all.clock.set(seconds);
    a.lost.start();
    await waitFor(() => a.announced.length > 0, {
      deadlineMs: 20_000,
      what: 'the user to be announced',
    });
    // If the step counted, the grace would end at once or in two minutes. A step counts for at most
    // a second.
    const waitedMs = performance.now() - lost;
    expect(waitedMs).toBeGreaterThan(900);
    expect(waitedMs).toBeLessThan(20_000);
  },
);

test('versions keep growing on every node after Redis is emptied and its clock is behind', async () => {
  await using all = await scene(0);
  const [a, b] = all.nodes;
  const link = await openWith(a, 1);
  const other = await openWith(b, 2);
  const before = committed(await updateOf(a.presence, link, client(1, 'mac', 'online')));
  await all.clock.set(-120);
  await all.flush();
  await waitFor(() => all.nodes.every(({ leaseEvents }) => leaseEvents.length >= 3), {
    what: 'both nodes to find that Redis was emptied',
  });
  await all.clock.set(-120);
  for (const node of all.nodes) await node.settled();
  const after = committed(await updateOf(b.presence, other, client(1, 'ios', 'online')));
  expect(after.version).toBeGreaterThan(before.version);
});

test('versions keep growing if a commit is the first call to find that Redis was emptied', async () => {
  await using all = await scene(0);
  const [a, b] = all.nodes;
  const link = await openWith(a, 1);
  await openWith(b, 1);
  await all.clock.set(-120);
  await all.flush();
  await all.clock.set(-120);
  // Answered 'later', and reported once the other nodes have asserted their links.
  expect(await updateOf(a.presence, link, client(1, 'windows', 'offline'))).toEqual({
    kind: 'later',
  });
  await waitFor(() => a.lateCommits.length > 0, { what: 'the late commit' });
  expect(a.lateCommits).toMatchObject([{ state: 'pc' }]);
});
