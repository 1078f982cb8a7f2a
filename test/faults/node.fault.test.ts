import { expect, test } from 'vitest';
import { stopNode } from './faults.ts';
import { judgeRecovery } from './judge.ts';
import { LEASE_SECONDS, startScene } from './scene.ts';
import { seedOf } from './seed.ts';

test('a node killed under load causes no loss on other nodes, and no user is seen offline', async () => {
  const fault = 'a node killed with -9';
  await using scene = await startScene({ seed: seedOf(fault) });
  const killed = scene.cluster.node(2);
  const onKilled = scene.crowd.servers.filter(({ target }) => target === killed);
  const watchers = await Promise.all([0, 1].map((i) => scene.watch(scene.cluster.node(i))));

  await scene.kill(killed);
  const figures = await judgeRecovery(scene, { fault, exactWithinMs: (LEASE_SECONDS + 5) * 1000 });

  expect(figures.lost).toBe(0);
  expect(scene.lostLinks, 'links lost').toBe(onKilled.length);
  for (const watcher of watchers) expect(watcher.firstSighting).toBeUndefined();
});

test('a node stopped for twice its lease leaves no stale users and removes no live ones', async () => {
  const fault = 'a node stopped for twice its lease';
  await using scene = await startScene({ seed: seedOf(fault) });
  const stopped = scene.cluster.node(2);
  const elsewhere = scene.crowd.servers.filter(({ target }) => target !== stopped);
  const ids = new Set(elsewhere.map(({ id }) => id));
  const watchers = await Promise.all(
    [0, 1].map((i) => scene.watch(scene.cluster.node(i), (server) => ids.has(server))),
  );

  await stopNode(scene, 2, 2 * LEASE_SECONDS);
  const figures = await judgeRecovery(scene, { fault });

  expect(figures).toMatchObject({ lost: 0, cutOff: 0 });
  expect(scene.lostLinks, 'links lost').toBe(0);
  for (const watcher of watchers) expect(watcher.firstSighting).toBeUndefined();
});

test('links of a node that joins miss nothing from the moment it accepts them', async () => {
  const fault = 'nodes that join while another hangs';
  await using scene = await startScene({ seed: seedOf(fault), nodes: 2 });
  await using links = new AsyncDisposableStack();
  for (let joins = 0; joins < 3; joins++) {
    // The paused node does not know the new node when it reads what its links have sent meanwhile.
    const hanging = stopNode(scene, 0, 2);
    const node = await scene.addNode();
    await scene.joinLinks(node, 2, links);
    await hanging;
  }
  const figures = await judgeRecovery(scene, { fault });
  expect(figures).toMatchObject({ lost: 0, cutOff: 0 });
});

test('a node paused past its lease misses nothing of one that joined meanwhile', async () => {
  const fault = 'a node that joins while another is paused past its lease';
  await using scene = await startScene({ seed: seedOf(fault), nodes: 2 });
  const standing = stopNode(scene, 0, 3 * LEASE_SECONDS);
  // From here on the new node does not learn of the other by its lease.
  await scene.cluster.node(1).waitForMetric('route_live_nodes', (nodes) => nodes === 1);
  const node = await scene.addNode();
  await using links = new AsyncDisposableStack();
  await scene.joinLinks(node, 2, links);
  await standing;
  const figures = await judgeRecovery(scene, { fault });
  expect(figures).toMatchObject({ lost: 0, cutOff: 0 });
});
