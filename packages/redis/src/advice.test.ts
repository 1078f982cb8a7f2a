import { expect, it } from 'vitest';
import { redisAdvice } from './advice.ts';
import type { ServerLimits } from './server-limits.ts';

const MIB = 1024 * 1024;
const WINDOW_BYTES = 8 * MIB;

/** A Redis as it is by default. */
const DEFAULT: ServerLimits = {
  address: '127.0.0.1:6379',
  version: '7.0.15',
  maxMemoryBytes: 0,
  usedMemoryBytes: 0,
  maxMemoryPolicy: 'noeviction',
  subscriberLimit: { hardBytes: 32 * MIB, softBytes: 8 * MIB, softSeconds: 60 },
};

it('gives no advice for a Redis with default settings or without limits', () => {
  expect(redisAdvice(DEFAULT, WINDOW_BYTES)).toEqual([]);
  const unlimited = { hardBytes: 0, softBytes: 0, softSeconds: 0 };
  expect(redisAdvice({ ...DEFAULT, subscriberLimit: unlimited }, WINDOW_BYTES)).toEqual([]);
});

it.each([
  [{ maxMemoryBytes: MIB, maxMemoryPolicy: 'allkeys-lru' }, 'maxmemory-policy noeviction'],
  [{ version: '6.2.14' }, 'Redis is 6.2.14: expected 7 or later'],
  [{ subscriberLimit: undefined }, 'may not be read'],
  [
    { subscriberLimit: { hardBytes: 15 * MIB, softBytes: 8 * MIB, softSeconds: 60 } },
    'CONFIG SET client-output-buffer-limit "pubsub 16777216 8388608 60"',
  ],
  [
    { subscriberLimit: { hardBytes: 0, softBytes: 4 * MIB, softSeconds: 60 } },
    'is pubsub 0 4194304 60',
  ],
])(
  'reports a setting that would lose presence or cut the bus, with the value to set: %o',
  (change, expected) => {
    const advice = redisAdvice({ ...DEFAULT, ...change }, WINDOW_BYTES);
    expect(advice).toHaveLength(1);
    expect(advice[0]).toContain(expected);
  },
);

it.each([
  { maxMemoryBytes: MIB, maxMemoryPolicy: 'volatile-lru' },
  { maxMemoryBytes: 0, maxMemoryPolicy: 'allkeys-lru' },
])('accepts a policy that evicts no keys of this project: %o', (change) => {
  expect(redisAdvice({ ...DEFAULT, ...change }, WINDOW_BYTES)).toEqual([]);
});
