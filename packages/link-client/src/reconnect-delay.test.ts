import { expect, test } from 'vitest';
import { reconnectDelayMs } from './route-link.ts';

test('waits are drawn from 2 to 4 s first, then from the upper half of 8, 16, 32 and 64 s', () => {
  const bounds = [0, 1, 2, 3, 4, 5, 60].map((failures) =>
    [0, 1].map((random) => reconnectDelayMs({ failures, firstMs: 4_000, mostMs: 64_000, random })),
  );
  expect(bounds).toEqual([
    [2_000, 4_000],
    [4_000, 8_000],
    [8_000, 16_000],
    [16_000, 32_000],
    [32_000, 64_000],
    [32_000, 64_000],
    [32_000, 64_000],
  ]);
});
