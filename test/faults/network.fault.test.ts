import { setTimeout as delay } from 'node:timers/promises';
import type { Cut } from '@route/fixtures';
import { expect, test } from 'vitest';
import { cutNode } from './faults.ts';
import { judgeRecovery } from './judge.ts';
import { startScene } from './scene.ts';
import { seedOf } from './seed.ts';

const CUTS: readonly (readonly [name: string, cut: Cut])[] = [
  ['a node cut off from Redis for 15 s', 'both'],
  ['a node cut off from publishing to Redis for 15 s', 'to-redis'],
  ['a node that receives nothing from Redis for 15 s', 'from-redis'],
];

test.for(CUTS)('%s: other links lose nothing, and all agree afterwards', async ([fault, cut]) => {
  await using scene = await startScene({ seed: seedOf(fault), proxied: true });
  const apart = scene.cluster.node(2);
  scene.setAvoided(apart, true);
  const elsewhere = scene.crowd.servers.filter(({ target }) => target !== apart);
  const ids = new Set(elsewhere.map(({ id }) => id));
  const watchers = await Promise.all(
    [0, 1].map((i) => scene.watch(scene.cluster.node(i), (server) => ids.has(server))),
  );

  await cutNode(scene, { index: 2, cut, seconds: 15 });
  const figures = await judgeRecovery(scene, { fault });

  expect(figures).toMatchObject({ lost: 0, cutOff: 0 });
  expect(scene.lostLinks, 'links lost').toBe(0);
  for (const watcher of watchers) expect(watcher.firstSighting).toBeUndefined();
});

test('Redis 100 ms away from each node in both directions: slower, but exact', async () => {
  const fault = 'Redis 100 ms away in both directions, for 8 s';
  await using scene = await startScene({ seed: seedOf(fault), proxied: true });
  const ways = scene.cluster.nodes.map((_, index) => scene.proxy(index));
  for (const way of ways) way.delay(100);
  await delay(8_000);
  // Presence is checked while Redis is that far away.
  const figures = await judgeRecovery(scene, { fault });
  expect(figures).toMatchObject({ lost: 0, cutOff: 0 });
  expect(scene.lostLinks, 'links lost').toBe(0);
  for (const node of scene.running) expect(await node.ready()).toBe(true);
});

test('5 % of the packets to and from Redis lost: slower, but exact', async () => {
  const fault = '5 % of the packets to and from Redis lost, for 8 s';
  await using scene = await startScene({ seed: seedOf(fault), proxied: true });
  for (const index of scene.cluster.nodes.keys()) scene.proxy(index).lose(0.05, 200);
  await delay(8_000);
  const figures = await judgeRecovery(scene, { fault });
  expect(figures).toMatchObject({ lost: 0, cutOff: 0 });
  expect(scene.lostLinks, 'links lost').toBe(0);
  for (const node of scene.running) expect(await node.ready()).toBe(true);
});
