import { expect, test } from 'vitest';
import { givenDelivery } from './delivery.ts';
import { flood } from './flood.ts';

/** Twice what a node was measured to need: it keeps a window, not what the senders have. */
const MOST_MEMORY_BYTES = 512 * 2 ** 20;

test('800,000 PDUs flat out: all arrive once and in order, and memory stays bounded', async () => {
  const options = { deadlineMs: 60_000, delivery: givenDelivery() };
  const { figures, due, openLinks, pdusPerSecond } = await flood(800_000, options);
  process.stdout.write(`relayed ${pdusPerSecond.toLocaleString('en')} PDUs/s\n`);
  expect(openLinks, 'links that stayed open').toBe(8);
  expect(figures).toMatchObject({ lost: 0, doubled: 0, reordered: 0, unexpected: 0 });
  expect(figures.delivered).toBe(due);
  expect(figures.peakMemoryBytes ?? 0).toBeLessThan(MOST_MEMORY_BYTES);
});
