import { defineConfig } from 'vitest/config';

/** Three projects: what needs nothing, what needs a Redis, what starts whole processes. */
export default defineConfig({
  test: {
    retry: 0,
    projects: [
      {
        test: {
          name: 'unit',
          include: ['{packages,services}/*/src/**/*.test.ts'],
          exclude: ['**/*.redis.test.ts'],
        },
      },
    ],
  },
});
