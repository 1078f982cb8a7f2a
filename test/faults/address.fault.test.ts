import { setTimeout as delay } from 'node:timers/promises';
import { type NamedRedis, startNamedRedis } from '@route/fixtures';
import { expect, test } from 'vitest';
import { judgeRecovery } from './judge.ts';
import { startScene } from './scene.ts';
import { seedOf } from './seed.ts';

const BETWEEN_MS = 2_000;

/**
 * The old primary continues as a primary, so only a periodic lookup of the name reveals the move.
 */
const CASES: readonly (readonly [
  fault: string,
  take: (redis: NamedRedis) => Promise<void>,
  exactWithinMs: number,
])[] = [
  ['a primary demoted behind a name', async ({ switches: [demote] }) => await demote?.(), 5_000],
  ['a name moved from a primary that stays up', (redis) => redis.moveAway(), 12_000],
];

test.for(CASES)(
  '%s: nodes move to the new server, and nothing is lost',
  async ([fault, take, exactWithinMs]) => {
    const deployment = await startNamedRedis();
    // All nodes reach Redis through this process, like a name that resolves to one server.
    const load = { nodes: 2, servers: 4, pdusPerSecond: 500 };
    await using scene = await startScene({ seed: seedOf(fault), deployment, ...load });
    await delay(BETWEEN_MS);
    await take(deployment);
    scene.story.note('the name points to the new server');
    const figures = await judgeRecovery(scene, { fault, exactWithinMs });
    expect(figures).toMatchObject({ lost: 0, cutOff: 0 });
    expect(scene.lostLinks, 'links lost').toBe(0);
  },
);
