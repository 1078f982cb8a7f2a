import { test } from 'vitest';
import { runRandomSchedule } from './random-schedule.ts';
import { givenSeed, newSeeds } from './seed.ts';

/** The other ten run beside these: most of a schedule's time is waiting. */
const SCHEDULES = 10;

const given = givenSeed();
const seeds = given === undefined ? newSeeds(SCHEDULES, 'even') : [given];

test.for(seeds)('random schedule %i ends in the state of its model', async (seed) => {
  await runRandomSchedule(seed);
});
