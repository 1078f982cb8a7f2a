import { type Cut, CutProxy } from '@route/fixtures';
import { expect, test } from 'vitest';
import { openTrafficLink } from '../traffic/index.ts';
import { judge, judgeRecovery } from './judge.ts';
import { startScene } from './scene.ts';
import { seedOf } from './seed.ts';

const CUTS: readonly (readonly [name: string, cut: Cut])[] = [
  ['connections to Redis that go silent', 'both'],
  ['connections to Redis that go silent, towards Redis', 'to-redis'],
  ['connections to Redis that go silent, from Redis', 'from-redis'],
];

test.for(CUTS)('%s: the node has new connections within seconds', async ([fault, cut]) => {
  await using scene = await startScene({ seed: seedOf(fault), proxied: true });
  scene.proxy(2).forget(cut);
  const figures = await judgeRecovery(scene, { fault });
  expect(figures).toMatchObject({ lost: 0, cutOff: 0 });
  expect(scene.lostLinks, 'links lost').toBe(0);
  // The other nodes' leases and connections are their own.
  const others = scene.running.filter((_, index) => index !== 2);
  expect(others.flatMap((node) => node.logsOf('lease-lost'))).toEqual([]);
});

test('a link that goes silent is closed, and does not affect the others', async () => {
  const fault = 'a link that goes silent';
  const env = { ROUTE_LINK_TIMEOUT_SECONDS: '2', ROUTE_HEARTBEAT_SECONDS: '0.5' };
  await using scene = await startScene({ seed: seedOf(fault), env });
  const node = scene.cluster.node(0);
  await using network = await CutProxy.to(`redis://${node.host}:${node.port}`);
  const port = Number(new URL(network.url).port);
  await using silent = await openTrafficLink({ host: '127.0.0.1', port });
  // An answer shows that the node has accepted the link.
  await silent.query([0]);
  network.forget();
  await node.waitForLog('link-closed', ({ reason }) => reason === 'timed-out');
  const exact = await scene.untilExact(5_000);
  const figures = await judge(scene, { fault, exact });
  expect(figures).toMatchObject({ lost: 0, cutOff: 0 });
  expect(scene.lostLinks, 'links lost').toBe(0);
});
