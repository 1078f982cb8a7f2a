import { defineConfig } from 'vitest/config';
import { givenSeed } from './seed.ts';

/**
 * The whole fault suite; `npm run test:faults` starts it. One fault at a time, as some measure what it does
 * to others; the random schedules come last, two at a time.
 */
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
          exclude: ['test/faults/schedules-*'],
          fileParallelism: false,
          sequence: { groupOrder: 0 },
        },
      },
      {
        extends: true,
        test: {
          name: 'schedules',
          include: ['test/faults/schedules-*.fault.test.ts'],
          exclude: givenSeed() === undefined ? [] : ['test/faults/schedules-2*'],
          maxWorkers: 2,
          sequence: { groupOrder: 1 },
        },
      },
    ],
  },
});
