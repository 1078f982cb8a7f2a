import { defineConfig } from 'vitest/config';
import { givenSeed } from './seed.ts';

/**
 * The entire fault suite, started by `npm run test:faults`. One fault at a time, as some measure
 * their effect on others; the random schedules run last, two at a time.
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
