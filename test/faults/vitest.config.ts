import { defineConfig } from 'vitest/config';

/** The whole fault suite, one fault at a time; `npm run test:faults` starts it. */
export default defineConfig({
  test: {
    name: 'faults',
    root: new URL('../..', import.meta.url).pathname,
    include: ['test/faults/**/*.fault.test.ts'],
    globalSetup: ['./test/fixtures/global-setup.ts'],
    reporters: ['default', './test/fixtures/totals-reporter.ts'],
    fileParallelism: false,
    retry: 0,
    testTimeout: 180_000,
    hookTimeout: 60_000,
  },
});
