import { defineConfig } from 'vitest/config';
import { givenSeed } from './seed.ts';

/** What measures how others fare beside a fault, or how much a node can take, has the machine for itself. */
const MEASURING = ['test/faults/slow-receivers.fault.test.ts', 'test/faults/flood.fault.test.ts'];

/** Given a seed, the one schedule that it stands for is in the first file. */
const LEFT_OUT = givenSeed() === undefined ? [] : ['test/faults/schedules-2.fault.test.ts'];

/** The whole fault suite; `npm run test:faults` starts it. Most of a fault's time is waiting: two at a time. */
export default defineConfig({
  test: {
    root: new URL('../..', import.meta.url).pathname,
    globalSetup: ['./test/fixtures/global-setup.ts'],
    reporters: ['default', './test/fixtures/totals-reporter.ts'],
    retry: 0,
    testTimeout: 180_000,
    hookTimeout: 60_000,
    projects: [
      {
        extends: true,
        test: {
          name: 'faults',
          include: ['test/faults/**/*.fault.test.ts'],
          exclude: [...MEASURING, ...LEFT_OUT],
          maxWorkers: 2,
          sequence: { groupOrder: 0 },
        },
      },
      {
        extends: true,
        test: {
          name: 'measuring faults',
          include: MEASURING,
          fileParallelism: false,
          sequence: { groupOrder: 1 },
        },
      },
    ],
  },
});
