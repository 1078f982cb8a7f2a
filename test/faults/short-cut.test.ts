import { expect, test } from 'vitest';
import { DELIVERY_MODES } from './delivery.ts';
import { killConnections, pauseRedis, restartRedisEmpty } from './faults.ts';
import { flood } from './flood.ts';
import { judgeRecovery } from './judge.ts';
import { runRandomSchedule } from './random-schedule.ts';
import { type Scene, startScene } from './scene.ts';
import { givenSeed, seedOf } from './seed.ts';

/**
 * A shorter version of the fault suite for every run of all tests. Those share the machine, so time
 * limits are wide here; the suite itself checks the product's figures.
 */
const EXACT_WITHIN_MS = 30_000;
const PATIENT = { ROUTE_LEASE_SECONDS: '8' };

const REDIS_FAULTS: readonly (readonly [string, (scene: Scene) => Promise<void>])[] = [
  ['Redis restarted empty', restartRedisEmpty],
  ['Redis paused for 2 s', (scene) => pauseRedis(scene, 2)],
  ['connections killed for 3 s', (scene) => killConnections(scene, 3)],
];

test.for(REDIS_FAULTS)('%s: nothing is lost, presence is exact again', async ([fault, inflict]) => {
  await using scene = await startScene({ seed: seedOf(fault), env: PATIENT });
  await inflict(scene);
  const figures = await judgeRecovery(scene, { fault, exactWithinMs: EXACT_WITHIN_MS });
  expect(figures).toMatchObject({ lost: 0, cutOff: 0 });
  expect(scene.lostLinks, 'links lost').toBe(0);
});

test('a node killed under load: the others lose nothing, no user is seen offline', async () => {
  const fault = 'a node killed';
  await using scene = await startScene({ seed: seedOf(fault), env: PATIENT });
  const watcher = await scene.watch(scene.cluster.node(0));
  await scene.kill(scene.cluster.node(2));
  const figures = await judgeRecovery(scene, { fault, exactWithinMs: EXACT_WITHIN_MS });
  expect(figures.lost).toBe(0);
  expect(watcher.firstSighting).toBeUndefined();
});

test.for(DELIVERY_MODES)(
  '100,000 PDUs at full speed, %s: all arrive once and in order',
  async (mode) => {
    const options = { deadlineMs: 45_000, delivery: mode };
    const { figures, due, openLinks } = await flood(100_000, options);
    expect(openLinks, 'links that stayed open').toBe(8);
    expect(figures).toMatchObject({ lost: 0, doubled: 0, reordered: 0, unexpected: 0 });
    expect(figures.delivered).toBe(due);
  },
);

/**
 * The schedule that once found a joining node missing earlier PDUs; the suite itself draws new
 * ones.
 */
const KNOWN_SCHEDULE = 130_515_690;

test('a known schedule of faults ends in the state of its model', async () => {
  await runRandomSchedule(givenSeed() ?? KNOWN_SCHEDULE, EXACT_WITHIN_MS);
});
