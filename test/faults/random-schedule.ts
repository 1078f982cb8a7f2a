import { Random } from '@route/random';
import { expect } from 'vitest';
import { judge } from './judge.ts';
import { LEASE_SECONDS, startScene } from './scene.ts';
import { carryOut, describeSchedule, drawSchedule } from './schedule.ts';

const EXACT_WITHIN_MS = (LEASE_SECONDS + 5) * 1000;

/** Runs the schedule of a seed, and compares the final state with the model. */
export async function runRandomSchedule(
  seed: number,
  exactWithinMs = EXACT_WITHIN_MS,
): Promise<void> {
  const schedule = drawSchedule(new Random(seed));
  process.stdout.write(`seed ${seed}: ${describeSchedule(schedule)}\n`);
  await using scene = await startScene({ seed, proxied: true });
  await carryOut(schedule, scene);
  const exact = await scene.untilExact(exactWithinMs);
  await scene.untilFlowing();
  const figures = await judge(scene, { fault: `random schedule ${seed}`, exact });
  expect(figures.lost).toBe(0);
}
