import { test } from 'vitest';
import { runRandomSchedule } from './random-schedule.ts';
import { newSeeds } from './seed.ts';

/** Runs beside the first ten; skipped where a seed is given. */
const SCHEDULES = 10;

test.for(newSeeds(SCHEDULES, 'odd'))(
  'random schedule %i ends in the state of its model',
  async (seed) => {
    await runRandomSchedule(seed);
  },
);
