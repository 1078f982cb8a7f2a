import { expect, test } from 'vitest';
import {
  killConnections,
  killRedis,
  lowerOutputLimit,
  pauseRedis,
  restartRedisEmpty,
} from './faults.ts';
import { reconnectWithUsers } from './hostile-clients.ts';
import { judgeRecovery } from './judge.ts';
import { type Scene, startScene } from './scene.ts';
import { seedOf } from './seed.ts';

/** Each list is superseded by the end of its link: none of them may cost anything afterwards. */
async function reconnectWhilePaused({ redis, cluster }: Scene): Promise<void> {
  await redis.pause();
  await cluster.node(0).waitForLog('lease-lost');
  await reconnectWithUsers(cluster.node(0), 60);
  await redis.unpause();
}

/** Redis faults that must have no visible effect. */
const FAULTS: readonly (readonly [name: string, inflict: (scene: Scene) => Promise<void>])[] = [
  ['Redis restarted empty', restartRedisEmpty],
  ['Redis killed, back after 10 s', (scene) => killRedis(scene, 10)],
  ['Redis paused for 5 s', (scene) => pauseRedis(scene, 5)],
  ['a msg_server reconnects 60 times while Redis is paused', reconnectWhilePaused],
  ['connections killed every 200 ms for 10 s', (scene) => killConnections(scene, 10)],
  ['subscribers cut off at 64 kB for 10 s', (scene) => lowerOutputLimit(scene, 10)],
];

test.for(FAULTS)('%s: nothing is lost, presence is exact within 5 s', async ([fault, inflict]) => {
  await using scene = await startScene({ seed: seedOf(fault) });
  await inflict(scene);
  const figures = await judgeRecovery(scene, { fault });
  expect(figures).toMatchObject({ lost: 0, cutOff: 0 });
  expect(scene.lostLinks, 'links lost').toBe(0);
});
