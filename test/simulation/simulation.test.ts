import { readdirSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { freshSeed } from './fresh-seed.ts';
import { parseSchedule, SOUND_KINDS } from './schedule.ts';
import type { Order } from './worker-messages.ts';
import { runOnWorkers } from './workers.ts';

const KEPT = new URL('./schedules/', import.meta.url);

function order(change: Partial<Order>): Order {
  return {
    ...{ kind: 'run', seed: 1, step: 1, schedules: Number.MAX_SAFE_INTEGER, forMs: 60_000 },
    ...{
      modes: ['broadcast', 'directed'],
      kinds: SOUND_KINDS,
      mutant: undefined,
      replay: undefined,
      trace: false,
    },
    ...change,
  };
}

// A failure prints its schedule, which `npm run sim -- --replay` repeats.
test('random schedules of fresh seeds break no check for a minute', {
  timeout: 600_000,
}, async () => {
  const seed = freshSeed();
  const totals = await runOnWorkers(order({ seed }), 2);
  const hours = (totals.virtualMs / 3_600_000).toFixed(2);
  process.stdout.write(
    `simulation: seed ${seed}, ${totals.schedules} schedules, ${hours} simulated hours\n`,
  );
  expect(totals.failures).toEqual([]);
  expect(totals.deliveries).toBeGreaterThan(1000);
});

test('a seed repeats a run exactly', { timeout: 60_000 }, async () => {
  const once = async (seed: number): Promise<number> => {
    const totals = await runOnWorkers(order({ seed, schedules: 6, forMs: 3_600_000 }), 1);
    return totals.digest;
  };
  const first = await once(7);
  expect(await once(7)).toBe(first);
  expect(await once(8)).not.toBe(first);
});

const kept = readdirSync(KEPT).filter((name) => name.endsWith('.json'));

test.each(kept)('%s, which broke a check once, breaks none', { timeout: 60_000 }, async (name) => {
  const replay = parseSchedule(readFileSync(new URL(name, KEPT), 'utf8'));
  const { failures } = await runOnWorkers(order({ replay, schedules: 1 }), 1);
  expect(failures).toEqual([]);
});
