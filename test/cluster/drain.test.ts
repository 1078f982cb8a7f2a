import { waitFor } from '@route/fixtures';
import { expect, test } from 'vitest';
import { openLink, startCluster, startRouteNode } from '../harness/index.ts';
import { openKnownLinks } from './known-links.ts';
import { numberedPdu, OrderCheck } from './numbered-messages.ts';

const LINKS = 20;
const DRAIN_SECONDS = 2;

test('SIGTERM closes the links a few at a time and ends the node with status 0', async () => {
  await using node = await startRouteNode({ env: { ROUTE_DRAIN_SECONDS: String(DRAIN_SECONDS) } });
  await using set = await openKnownLinks([node], LINKS);
  await node.waitForMetric('route_links', (links) => links === LINKS);
  node.signal('SIGTERM');
  const ends = await Promise.all(set.links.map((link) => link.closedByServer));
  expect(ends).toEqual(ends.map(() => 'ended'));
  expect(await node.exited).toEqual({ code: 0, signal: null });

  const closed = node.logsOf('link-closed');
  expect(closed.map(({ reason }) => reason)).toEqual(closed.map(() => 'draining'));
  const times = closed.map(({ time }) => Date.parse(String(time))).sort((a, b) => a - b);
  expect(times).toHaveLength(LINKS);
  const [first = 0, last = 0] = [times[0], times.at(-1)];
  expect(last - first).toBeGreaterThan((DRAIN_SECONDS * 1000) / 2);
  expect(new Set(times).size).toBeGreaterThan(LINKS / 2);
  expect(node.logs.at(-1)?.event).toBe('stopped');
});

test('a draining node reports why it is not ready, and accepts no new link', async () => {
  await using node = await startRouteNode({ env: { ROUTE_DRAIN_SECONDS: '5' } });
  await using set = await openKnownLinks([node], 5);
  await node.waitForMetric('route_links', (links) => links === 5);
  node.signal('SIGTERM');
  const answer = await waitFor(
    async () => {
      const response = await fetch(`${node.adminUrl}/readyz`);
      return response.status === 503 && response;
    },
    { what: 'the node to be not ready' },
  );
  expect(await answer.json()).toMatchObject({ reasons: { draining: expect.any(String) } });
  await expect(openLink(node)).rejects.toThrow('ECONNREFUSED');
  expect((await fetch(`${node.adminUrl}/healthz`)).status).toBe(200);
  expect(set.links.some(({ serverClose }) => serverClose === undefined)).toBe(true);
});

test.for(['0', '1'])(
  'relays PDUs sent before a SIGTERM, also to links of other nodes (drain of %s s)',
  async (drainSeconds) => {
    await using cluster = await startCluster({
      nodes: 2,
      env: { ROUTE_DRAIN_SECONDS: drainSeconds },
    });
    await using set = await openKnownLinks(cluster.nodes, 6);
    const receiver = set.link(1);
    const check = new OrderCheck(receiver);
    const leaving = [0, 2, 4].map((index) => set.link(index));
    const each = 2000;
    for (const [sender, link] of leaving.entries()) {
      link.send(...Array.from({ length: each }, (_, n) => numberedPdu(sender, n, 500)));
      // An update waits for Redis, and later PDUs of the link wait behind it.
      link.status({ userId: sender + 1, status: 1, clientType: 1 });
      link.send(numberedPdu(sender, each));
    }
    cluster.node(0).signal('SIGTERM');
    const expected = leaving.length * (each + 1);
    await waitFor(() => check.count >= expected || Promise.reject(new Error(`${check.count}`)), {
      what: `${expected} messages`,
      deadlineMs: 15_000,
    });
    expect(check.problems).toEqual([]);
    expect(await cluster.node(0).exited).toEqual({ code: 0, signal: null });
    expect(cluster.node(0).logsOf('bus-not-flushed')).toEqual([]);
  },
);

test('a second signal ends the node at once, with a non-zero status', async () => {
  await using node = await startRouteNode({ env: { ROUTE_DRAIN_SECONDS: '600' } });
  await using set = await openKnownLinks([node], 5);
  node.signal('SIGTERM');
  await node.waitForLog('draining');
  node.signal('SIGTERM');
  expect(await node.exited).toEqual({ code: 130, signal: null });
  for (const link of set.links) expect(['ended', 'reset']).toContain(await link.closedByServer);
  expect(node.logsOf('stopped')).toEqual([]);
});
