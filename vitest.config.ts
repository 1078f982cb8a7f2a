import { defineConfig } from 'vitest/config';

const redisTests = ['{packages,services}/*/src/**/*.redis.test.ts', 'test/redis/**/*.test.ts'];
const sharedRedis = './test/fixtures/global-setup.ts';

/**
 * Three projects, one after the other: what needs nothing, and may use all processors; what needs a
 * Redis; what starts whole processes.
 */
export default defineConfig({
  test: {
    // A test that passes at the second attempt has found something.
    retry: 0,
    reporters: ['default', './test/fixtures/totals-reporter.ts'],
    projects: [
      {
        test: {
          name: 'unit',
          // On a machine that does other work too a test may take many times as long as it does
          // alone.
          testTimeout: 60_000,
          include: [
            '{packages,services}/*/src/**/*.test.ts',
            'test/{bench,docs,fixtures,traffic}/**/*.test.ts',
          ],
          exclude: ['**/*.redis.test.ts'],
          maxWorkers: '100%',
          sequence: { groupOrder: 0 },
        },
      },
      {
        test: {
          name: 'redis',
          include: [...redisTests, 'test/fixtures/**/*.redis.test.ts'],
          globalSetup: [sharedRedis],
          testTimeout: 20_000,
          hookTimeout: 30_000,
          sequence: { groupOrder: 1 },
        },
      },
      {
        // The same tests of presence on a simulated Redis: what the simulation runs on does what a
        // real one does.
        test: {
          name: 'simulated-redis',
          include: ['packages/presence/src/**/*.redis.test.ts'],
          exclude: [
            // One or two minutes of random steps and faults, which the presence simulation makes in
            // virtual time.
            '**/presence-property.redis.test.ts',
            // A real Redis Cluster, which the simulated Redis is not.
            '**/failover.redis.test.ts',
            '**/slots-moved.redis.test.ts',
            '**/node_modules/**',
          ],
          globalSetup: ['./test/fixtures/simulated-redis/global-setup.ts'],
          testTimeout: 20_000,
          hookTimeout: 30_000,
          sequence: { groupOrder: 1 },
        },
      },
      {
        test: {
          name: 'e2e',
          include: ['test/**/*.test.ts'],
          // The whole fault suite takes a quarter of an hour: `npm run test:faults`.
          exclude: [
            'test/redis/**',
            'test/fixtures/**',
            'test/bench/**',
            'test/docs/**',
            'test/traffic/**',
            '**/*.fault.test.ts',
            '**/node_modules/**',
          ],
          globalSetup: [sharedRedis],
          testTimeout: 60_000,
          hookTimeout: 60_000,
          sequence: { groupOrder: 2 },
        },
      },
    ],
  },
});
