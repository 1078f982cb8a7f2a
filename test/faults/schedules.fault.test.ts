import { test } from 'vitest';
import { runRandomSchedule } from './random-schedule.ts';
import { givenSeed, newSeed } from './seed.ts';

const SCHEDULES = 20;

const given = givenSeed();
const first = newSeed();
const seeds =
  given === undefined ? Array.from({ length: SCHEDULES }, (_, i) => first + i) : [given];

test.for(seeds)('random schedule %i ends in the state of its model', async (seed) => {
  await runRandomSchedule(seed);
});
