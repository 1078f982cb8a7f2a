import { expect, test } from 'vitest';
import { runRoutectl } from '../routectl/run-routectl.ts';
import { judgeRecovery } from './judge.ts';
import { startScene } from './scene.ts';
import { seedOf } from './seed.ts';

test('a node with other settings: doctor names each of them, and the traffic is exact', async () => {
  const fault = 'a node with other settings';
  await using scene = await startScene({ seed: seedOf(fault), nodes: 2 });
  const odd = {
    ROUTE_DELIVERY: scene.delivery === 'directed' ? 'broadcast' : 'directed',
    ROUTE_LEASE_SECONDS: '5',
    ROUTE_OFFLINE_GRACE_SECONDS: '7',
    ROUTE_MAX_PDU_BYTES: String(2 ** 20),
    ROUTE_BUS_RETENTION_SECONDS: '40',
  };
  const node = await scene.cluster.add({ env: odd });
  await scene.cluster.waitUntilMet();
  await using links = new AsyncDisposableStack();
  await scene.joinLinks(node, 2, links);
  const { stdout } = await runRoutectl(['doctor'], {
    ROUTE_ADMIN: new URL(scene.cluster.node(0).adminUrl).host,
    REDIS_URL: scene.redis.url,
  });
  for (const [name, value] of Object.entries(odd)) {
    expect(stdout).toMatch(
      new RegExp(`^WRONG +settings +${name} differs: .*${value} on ${node.id}`, 'm'),
    );
  }
  const figures = await judgeRecovery(scene, { fault });
  expect(figures).toMatchObject({ lost: 0, cutOff: 0 });
  expect(scene.lostLinks, 'links lost').toBe(0);
});
