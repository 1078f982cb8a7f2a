import { setTimeout as delay } from 'node:timers/promises';
import { type RedisDeployment, startClusterRedis, startSentinelRedis } from '@route/fixtures';
import { expect, test } from 'vitest';
import { judgeRecovery } from './judge.ts';
import { startScene } from './scene.ts';
import { seedOf } from './seed.ts';

const EXACT_WITHIN_MS = 5_000;
const BETWEEN_MS = 2_000;

const startSentinels = (): Promise<RedisDeployment> => startSentinelRedis();
const startStale = (): Promise<RedisDeployment> => startSentinelRedis({ hasStale: true });

test.for([
  { fault: 'a Sentinel failover in good order', start: startSentinels, killed: false },
  { fault: 'a Sentinel failover, primary killed', start: startSentinels, killed: true },
  {
    fault: 'a Sentinel failover, the first Sentinel names the old primary',
    start: startStale,
    killed: true,
  },
  { fault: 'a Cluster failover in good order', start: startClusterRedis, killed: false },
  { fault: 'a Cluster failover, primary killed', start: startClusterRedis, killed: true },
])('$fault: nothing is lost, presence is exact within 5 s', async ({ fault, start, killed }) => {
  const deployment = await start();
  await using scene = await startScene({ seed: seedOf(fault), deployment });
  for (const takeOver of killed ? [deployment.killPrimary] : deployment.switches) {
    await delay(BETWEEN_MS);
    await takeOver();
    scene.story.note('another server is the primary');
  }
  const figures = await judgeRecovery(scene, { fault, exactWithinMs: EXACT_WITHIN_MS });
  expect(figures).toMatchObject({ lost: 0, cutOff: 0 });
  expect(scene.lostLinks, 'links lost').toBe(0);
});
