import { setTimeout as delay } from 'node:timers/promises';
import { waitFor } from '@route/fixtures';
import { expect, test } from 'vitest';
import { judgeRecovery } from './judge.ts';
import { startScene } from './scene.ts';
import { seedOf } from './seed.ts';

const ISOLATED_SECONDS = 4;
const RETENTION_SECONDS = 12;
const ENV = {
  ROUTE_ISOLATED_SECONDS: String(ISOLATED_SECONDS),
  ROUTE_BUS_RETENTION_SECONDS: String(RETENTION_SECONDS),
};

test('a node that alone is cut off from Redis closes its links, and nothing is lost', async () => {
  const fault = `a node cut off for ${RETENTION_SECONDS + 6} s, longer than retention`;
  await using scene = await startScene({ seed: seedOf(fault), proxied: true, env: ENV });
  const apart = scene.cluster.node(2);
  const onIt = scene.crowd.servers.filter(({ target }) => target === apart);
  // It knows of the other nodes long enough to have sent them one query.
  await delay(3_000);
  scene.proxy(2).cut('both');
  // As a load balancer that polls /readyz does.
  await waitFor(async () => !(await apart.ready()), { what: 'the node not to be ready' });
  scene.setAvoided(apart, true);
  await apart.waitForMetric('route_links', (links) => links === 0, { deadlineMs: 10_000 });
  await delay((RETENTION_SECONDS + 2) * 1000);
  scene.proxy(2).mend();
  await waitFor(() => apart.ready(), { what: 'the node to be ready again', deadlineMs: 10_000 });
  scene.setAvoided(apart, false);
  const figures = await judgeRecovery(scene, { fault });

  expect(figures).toMatchObject({ lost: 0 });
  expect(scene.lostLinks, 'links lost').toBe(onIt.length);
  expect(apart.logsOf('isolated')).toHaveLength(1);
});

test('when Redis is down for all nodes, no node closes its links', async () => {
  const fault = 'Redis down for all nodes, longer than one node would wait';
  await using scene = await startScene({ seed: seedOf(fault), env: ENV });
  await delay(3_000);
  await scene.redis.pause();
  await delay((ISOLATED_SECONDS + 4) * 1000);
  await scene.redis.unpause();
  const figures = await judgeRecovery(scene, { fault });
  expect(figures).toMatchObject({ lost: 0, cutOff: 0 });
  expect(scene.lostLinks, 'links lost').toBe(0);
});
