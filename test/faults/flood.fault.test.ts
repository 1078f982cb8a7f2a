import { expect, test } from 'vitest';
import { givenDelivery } from './delivery.ts';
import { flood } from './flood.ts';

/** Twice the measured need of a node: it keeps a window, not everything the senders have. */
const MOST_MEMORY_BYTES = 512 * 2 ** 20;

test('800,000 PDUs at full speed: all arrive once and in order, and memory stays bounded', async () => {
  const options = { deadlineMs: 60_000, delivery: givenDelivery() };
  const { figures, due, openLinks, pdusPerSecond } = await flood(800_000, options);
  process.stdout.write(`relayed ${pdusPerSecond.toLocaleString('en')} PDUs/s\n`);
  expect(openLinks, 'links that stayed open').toBe(8);
  expect(figures).toMatchObject({ lost: 0, doubled: 0, reordered: 0, unexpected: 0 });
  expect(figures.delivered).toBe(due);
  expect(figures.peakMemoryBytes ?? 0).toBeLessThan(MOST_MEMORY_BYTES);
});
