import { waitFor } from '@route/fixtures';
import { expect, test } from 'vitest';
import { startCluster } from '../harness/index.ts';
import { openKnownLink, openKnownLinks } from './known-links.ts';
import { StatusWatch } from './status-watch.ts';
import { clientsOf, onlineAmong, userIds, waitForPresence } from './statuses.ts';

const LEASE_MS = 2000;
const ENV = { ROUTE_LEASE_SECONDS: String(LEASE_MS / 1000) };
const REAPED_WITHIN_MS = LEASE_MS + 5000;

test('users of a killed node go offline, except those who are also on another node', async () => {
  await using cluster = await startCluster({ nodes: 3, env: ENV });
  await using set = await openKnownLinks(cluster.nodes, 6);
  const lost = userIds(1, 200);
  const shared = userIds(1001, 200);
  const others = userIds(2001, 50);
  set.link(0).online(clientsOf([...lost.slice(0, 100), ...shared]));
  set.link(3).online(clientsOf(lost.slice(100)));
  set.link(1).online(clientsOf(shared.slice(0, 100)));
  set.link(2).online(clientsOf([...shared.slice(100), ...others]));
  const watched = [...shared, ...others];
  const left = [1, 2, 4, 5].map((index) => set.link(index));
  await waitForPresence(left, { online: [...lost, ...watched] });

  await using asked = await openKnownLink(cluster.node(1));
  await using watch = new StatusWatch(watched, async () => asked);
  await cluster.node(0).kill();
  await waitForPresence(left, {
    online: watched,
    offline: lost,
    deadlineMs: REAPED_WITHIN_MS,
  });
  const answers = watch.answers;
  await waitFor(() => watch.answers > answers + 20, { what: 'some more answers' });
  await watch.stop();
  expect([...watch.seenOffline]).toEqual([]);
});

test('a node paused for twice its lease has its users online again, and removes no others', async () => {
  await using cluster = await startCluster({ nodes: 2, env: ENV });
  await using set = await openKnownLinks(cluster.nodes, 4);
  const [onStill, other] = [set.link(0), set.link(1)];
  const still = userIds(1, 200);
  const others = userIds(1001, 200);
  const shared = userIds(2001, 50);
  onStill.online(clientsOf([...still, ...shared]));
  other.online(clientsOf([...others, ...shared]));
  const watched = [...others, ...shared];
  await waitForPresence(set.links, { online: [...still, ...watched] });

  await using asked = await openKnownLink(cluster.node(1));
  await using watch = new StatusWatch(watched, async () => asked);
  const node = cluster.node(0);
  const stoppedMs = performance.now();
  node.signal('SIGSTOP');
  await waitFor(async () => (await onlineAmong(other, still)).length === 0, {
    what: 'the users of the node that stands still to be offline',
    deadlineMs: REAPED_WITHIN_MS,
  });
  await waitFor(() => performance.now() - stoppedMs > 2 * LEASE_MS, { what: 'twice the lease' });
  node.signal('SIGCONT');
  await waitForPresence(set.links, { online: [...still, ...watched], deadlineMs: 15_000 });
  await cluster.waitUntilMet();
  await watch.stop();
  expect([...watch.seenOffline]).toEqual([]);

  // The node's users are still known link by link: a close removes exactly what the link added.
  await onStill.close();
  await waitForPresence([other], { online: watched, offline: still });
});
