import { availableParallelism } from 'node:os';
import { askRedis } from '@route/local-cluster';
import { expect, test } from 'vitest';
import { cutNode } from './faults.ts';
import { judgeRecovery } from './judge.ts';
import { LEASE_SECONDS, startScene } from './scene.ts';
import { seedOf } from './seed.ts';

test('all nodes killed at once and replaced: presence is exact, no user is seen offline', async () => {
  const fault = 'all nodes killed at once and replaced';
  await using scene = await startScene({ seed: seedOf(fault) });
  const onAll = scene.crowd.servers.length;
  const killed = [...scene.running];
  await Promise.all(killed.map((node) => scene.kill(node)));
  await Promise.all(killed.map(() => scene.addNode()));
  const figures = await judgeRecovery(scene, { fault, exactWithinMs: (LEASE_SECONDS + 5) * 1000 });
  expect(figures.lost).toBe(0);
  expect(scene.lostLinks, 'links lost').toBe(onAll);
  // The dead nodes' users are back within the grace time: no status is announced.
  for (const node of scene.running) {
    expect(await node.metric('route_presence_offline_grace_expired_total')).toBe(0);
  }
});

/** On fewer cores, nodes that only wait for a processor would be taken for faulty ones. */
const MANY = Math.min(50, 10 * availableParallelism());

test('many nodes, Redis emptied under traffic: nothing is lost, and all agree', {
  timeout: 600_000,
}, async () => {
  const fault = `${MANY} nodes, Redis emptied`;
  await using scene = await startScene({
    seed: seedOf(fault),
    ...{ nodes: MANY, servers: 10, pdusPerSecond: 100 },
  });
  const answer = await askRedis(scene.redis.url, 'FLUSHALL', 5_000);
  expect(answer).toBe('+OK');
  const figures = await judgeRecovery(scene, { fault, exactWithinMs: 30_000 });
  expect(figures).toMatchObject({ lost: 0, cutOff: 0 });
  expect(scene.lostLinks, 'links lost').toBe(0);
});

test('half of the nodes cut off from Redis: nothing is lost, and all agree afterwards', async () => {
  const fault = 'two of four nodes cut off from Redis for 6 s';
  await using scene = await startScene({ seed: seedOf(fault), nodes: 4, proxied: true });
  for (const index of [2, 3]) scene.setAvoided(scene.cluster.node(index), true);
  await Promise.all([2, 3].map((index) => cutNode(scene, { index, cut: 'both', seconds: 6 })));
  const figures = await judgeRecovery(scene, { fault });
  expect(figures).toMatchObject({ lost: 0, cutOff: 0 });
  expect(scene.lostLinks, 'links lost').toBe(0);
});
