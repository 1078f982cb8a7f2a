import { setTimeout as delay } from 'node:timers/promises';
import { ClockProxy, startPrivateRedis } from '@route/fixtures';
import { askRedis } from '@route/local-cluster';
import { expect, test } from 'vitest';
import { pauseRedis } from './faults.ts';
import { judge } from './judge.ts';
import { LEASE_SECONDS, type Scene, startScene } from './scene.ts';
import { seedOf } from './seed.ts';

const REDIS_DEADLINE_MS = 5_000;

async function tell({ redis }: Scene, ...commands: readonly string[]): Promise<void> {
  for (const command of commands) {
    const answer = await askRedis(redis.url, command, REDIS_DEADLINE_MS);
    if (answer !== '+OK') throw new Error(`Redis answers ${answer} to ${command}`);
  }
}

/** What makes Redis forget, hold back, or refuse what the nodes write. */
const FAULTS: readonly (readonly [name: string, inflict: (scene: Scene) => Promise<void>])[] = [
  [
    'Redis rolled back by 4 s',
    async (scene) => {
      await tell(scene, 'SAVE');
      await delay(4_000);
      await scene.redis.kill();
      await scene.redis.startAgain();
    },
  ],
  ['Redis told FLUSHALL', (scene) => tell(scene, 'FLUSHALL')],
  [
    'Redis away with its data for twice the lease',
    (scene) => pauseRedis(scene, 2 * LEASE_SECONDS + 1),
  ],
  [
    'Redis at maxmemory for 4 s',
    async (scene) => {
      await tell(scene, 'CONFIG SET maxmemory 1mb');
      await delay(4_000);
      await tell(scene, 'CONFIG SET maxmemory 0');
    },
  ],
];

test.for(FAULTS)('%s: nothing is lost, presence is exact within 5 s', async ([fault, inflict]) => {
  await using scene = await startScene({ seed: seedOf(fault) });
  await inflict(scene);
  const exact = await scene.untilExact(5_000);
  await scene.untilFlowing();
  const figures = await judge(scene, { fault, exact });
  expect(figures).toMatchObject({ lost: 0, cutOff: 0 });
  expect(scene.lostLinks, 'links lost').toBe(0);
});

test('Redis’s clock set by -120 s and +120 s: nothing is lost, no node is reaped, presence is exact within 5 s', async () => {
  const fault = 'Redis’s clock set back and forth by 120 s';
  await using server = await startPrivateRedis();
  await using clock = await ClockProxy.to(server.url);
  await using scene = await startScene({
    seed: seedOf(fault),
    deployment: {
      env: { REDIS_URL: clock.url },
      target: { kind: 'single', url: server.url },
      switches: [],
      killPrimary: async () => {},
      [Symbol.asyncDispose]: async () => {},
    },
  });
  for (const seconds of [-120, 120, 0]) {
    await clock.set(seconds);
    await delay(1_000);
  }
  const exact = await scene.untilExact(5_000);
  await scene.untilFlowing();
  const figures = await judge(scene, { fault, exact });
  expect(figures).toMatchObject({ lost: 0, cutOff: 0 });
  expect(scene.cluster.nodes.flatMap((node) => node.logsOf('node-reaped'))).toEqual([]);
});
